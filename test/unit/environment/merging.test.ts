import assert from 'node:assert/strict';
import { MirrordError } from '../../../src/errors.ts';
import { compileRules, mergeEnvironment, mergeRemote, overLocal } from '../../../src/environment/index.ts';
import type { EnvironmentSettings } from '../../../src/environment/index.ts';

const map = (object: Record<string, string>): Map<string, string> => new Map(Object.entries(object));

function merge(
  settings: EnvironmentSettings,
  remote: Record<string, string>,
  envFile: Record<string, string> = {},
): Record<string, string> {
  return Object.fromEntries(mergeEnvironment(map(remote), map(envFile), compileRules(settings)));
}

const codeOf = (code: string) => (error: unknown) => error instanceof MirrordError && error.code === code;

describe('environment: merging', () => {
  it('lets the process overrule what the manifest declares, and keeps what only one of them has', () => {
    const merged = mergeRemote(map({ A: 'declared', B: 'declared' }), map({ B: 'process', C: 'process' }));
    assert.deepEqual(Object.fromEntries(merged), { A: 'declared', B: 'process', C: 'process' });
  });

  it('applies env_file, mapping, override and unset in this order', () => {
    const settings = {
      mapping: { _TIMEOUT$: '1', '^GONE': 'x' },
      override: { B_TIMEOUT: '2', NEW: 'n' },
      unset: 'GONE;NEW',
    };
    const merged = merge(settings, { A_TIMEOUT: 'r', B_TIMEOUT: 'r', GONE: 'r', D: 'r' }, { C_TIMEOUT: 'f', D: 'f' });
    assert.deepEqual(merged, { A_TIMEOUT: '1', B_TIMEOUT: '2', C_TIMEOUT: '1', D: 'f' });
  });

  describe('include and exclude', () => {
    const remote = { DB_HOST: '1', DB_PORT: '2', DB2: '3', OTHER: '4', 'my.name': '5' };
    const cases: readonly [string, EnvironmentSettings, readonly string[]][] = [
      ['neither', {}, ['DB_HOST', 'DB_PORT', 'DB2', 'OTHER', 'my.name']],
      ['include with *', { include: 'DB_*' }, ['DB_HOST', 'DB_PORT']],
      ['include with ?', { include: 'DB?' }, ['DB2']],
      ['include as list with ;', { include: 'DB2; OTHER' }, ['DB2', 'OTHER']],
      ['include as array', { include: ['DB2', 'OTHER'] }, ['DB2', 'OTHER']],
      ['an empty include', { include: [] }, []],
      ['exclude', { exclude: ['DB*', 'OTHER'] }, ['my.name']],
      ['a dot is a dot', { exclude: 'my?name' }, ['DB_HOST', 'DB_PORT', 'DB2', 'OTHER']],
      ['a dot is no wildcard', { include: 'D.2' }, []],
      ['case counts', { include: 'db2' }, []],
    ];
    for (const [title, settings, names] of cases) {
      it(title, () => assert.deepEqual(Object.keys(merge(settings, remote)), names));
    }

    it('refuses both together', () => {
      assert.throws(() => compileRules({ include: 'A', exclude: ['B'] }), codeOf('env-include-exclude'));
    });

    it('leaves env_file and override alone', () => {
      assert.deepEqual(merge({ include: [], override: { B: 'b' } }, { C: 'c' }, { A: 'a' }), { A: 'a', B: 'b' });
    });
  });

  describe('names of this machine', () => {
    const local = (
      'PATH HOME PWD PYTHONPATH CLASSPATH JAVA_HOME GOPATH GEM_HOME NODE_PATH MIRRORD_AGENT NODE_CHANNEL_FD ' +
      'GIT_SSH_COMMAND GIT_ASKPASS GIT_EXTERNAL_DIFF GIT_CONFIG_COUNT GIT_TRACE2_EVENT SSH_ASKPASS LESSOPEN LESSCLOSE ' +
      'PAGER EDITOR VISUAL BROWSER IFS CDPATH SHELLOPTS BASHOPTS PS4 BASH_FUNC_x%% BASH_ENV ENV PROMPT_COMMAND ' +
      'PERL5DB PERL5OPT RUBYOPT RUBYGEMS_GEMDEPS NODE_OPTIONS NODE_COMPILE_CACHE LD_PRELOAD LD_AUDIT ' +
      'DYLD_INSERT_LIBRARIES PYTHONSTARTUP PYTHONHOME PYTHONBREAKPOINT PYTHONWARNINGS PYTHONINSPECT ' +
      'JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS JAVA_OPTS MAVEN_OPTS GRADLE_OPTS CARGO_BUILD_RUSTC_WRAPPER ' +
      'RUSTC_WRAPPER GCONV_PATH LOCPATH TERMINFO OPENSSL_CONF SSLKEYLOGFILE npm_config_script_shell ' +
      'nPm_CoNfIg_node_options YARN_RC_FILENAME yarn_plugins DOTNET_STARTUP_HOOKS PHP_INI_SCAN_DIR LUA_INIT_5_4 ' +
      'R_PROFILE_USER KUBECONFIG DOCKER_HOST TAR_OPTIONS MAKEFLAGS GOFLAGS GOCACHEPROG ERL_AFLAGS ZDOTDIR'
    ).split(' ');
    const shared = (
      'HOSTNAME KUBERNETES_SERVICE_HOST GOMAXPROCS UV_THREADPOOL_SIZE GIT_COMMIT SSH_HOST JAVA_VERSION NODE_ENV DEBUG ' +
      'PYTHONUNBUFFERED RUST_LOG HTTP_PROXY no_proxy AWS_PROFILE PGPASSWORD ENVIRONMENT STACK_NAME LDAP_URL STORAGE'
    ).split(' ');
    const remote = Object.fromEntries([...local, ...shared].map((name) => [name, 'remote']));

    it('never come over, wildcards or not; the target’s own do', () => {
      assert.deepEqual(Object.keys(merge({}, remote)), shared);
      assert.deepEqual(Object.keys(merge({ include: '*' }, remote)), shared);
      assert.deepEqual(Object.keys(merge({ include: 'JAVA_*' }, remote)), ['JAVA_VERSION']);
      assert.deepEqual(Object.keys(merge({ include: ['*', 'ENV'] }, remote)), ['ENV', ...shared]);
    });

    it('come over when include names them', () => {
      assert.deepEqual(Object.keys(merge({ include: ['JAVA_HOME', 'GO*'] }, remote)), ['JAVA_HOME', 'GOMAXPROCS']);
    });

    it('can be set by the user', () => {
      assert.deepEqual(merge({ override: { PATH: '/mine' } }, { PATH: '/theirs' }), { PATH: '/mine' });
    });
  });

  describe('mapping', () => {
    it('takes the first expression that matches', () => {
      assert.deepEqual(merge({ mapping: { A: '1', AB: '2', B$: '3' } }, { AB: 'r', B: 'r', C: 'r' }), {
        AB: '1',
        B: '3',
        C: 'r',
      });
    });

    it('puts the value in as it is', () => {
      assert.deepEqual(merge({ mapping: { '(\\w+)_(\\d+)': '$1-magic' } }, { DATA_1: 'r' }), { DATA_1: '$1-magic' });
    });

    it('understands what expressions for Rust hold', () => {
      const mapping = { '(?i)^debug$': '1', '^(?P<kind>[[:alpha:]]+)_[[:digit:]]+$': '2' };
      assert.deepEqual(merge({ mapping }, { DEBUG: 'r', A_1: 'r', A1_1: 'r' }), { DEBUG: '1', A_1: '2', A1_1: 'r' });
    });

    it('refuses a broken expression', () => {
      assert.throws(
        () => compileRules({ mapping: { '(': 'secret' } }),
        (error) => {
          assert(error instanceof MirrordError);
          assert.equal(error.code, 'env-mapping-invalid');
          assert(!error.message.includes('secret'));
          return true;
        },
      );
    });
  });

  it('unsets without looking at case, here as there', () => {
    assert.deepEqual(merge({ unset: ['aws_PROFILE'] }, { AWS_PROFILE: '1', Aws_Profile: '2', B: '3' }), { B: '3' });
    const laid = overLocal(map({ aws_profile: 'mine', B: 'mine', C: 'mine' }), map({ B: 'target' }), ['AWS_PROFILE']);
    assert.deepEqual(Object.fromEntries(laid), { B: 'target', C: 'mine' });
  });

  it('drops what no environment can carry', () => {
    assert.deepEqual(merge({}, { A: 'a\0b', 'B=C': '1', '': '2', D: '3' }), { D: '3' });
  });

  it('has no special names', () => {
    const remote = new Map([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ]);
    assert.deepEqual([...mergeEnvironment(remote, new Map(), compileRules({}))], [...remote]);
  });
});
