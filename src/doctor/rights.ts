/** One check for each right that a session uses. */
import { nameRight, RIGHTS } from '../kube/rights.ts';
import { type Check, failed, ok } from './check.ts';

export const RIGHT_CHECKS: readonly Check[] = RIGHTS.map((right) => {
  const { verb, resource, subresource, isOptional = false, purpose } = right;
  const name = subresource === undefined ? resource : `${resource}-${subresource}`;
  return {
    id: `right-${verb}-${name}`,
    title: `may ${nameRight(right)}`,
    needs: ['api-server'],
    isOptional,
    async run({ cluster }, signal) {
      if (await cluster.allowed(right, signal)) return ok(`for ${purpose}`);
      return failed(`no; needed for ${purpose}`, 'Ask for the rights in docs/rbac.yaml.');
    },
  };
});
