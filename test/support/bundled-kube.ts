/** What the tests of `src/kube` open: the bundle, see bundled.ts. */
import type * as Kube from '../../src/kube/open-cluster.ts';
import { bundled } from './bundled.ts';

export const { openCluster } = await bundled<typeof Kube>('src/kube/open-cluster.ts');
