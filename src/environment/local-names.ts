/**
 * Names that stay this machine's own: the program runs here, with this machine's files, user, terminal and tools, and
 * the target's values would send it to places that are not here.
 *
 * HOSTNAME is not among them: it is the pod's name, which tells a StatefulSet's member who it is.  Neither are the
 * variables that tune a program without naming a file (GOMAXPROCS, UV_THREADPOOL_SIZE, JAVA_OPTS), nor ENV, which hardly
 * a shell obeys and many a program reads, nor KUBERNETES_SERVICE_HOST, which is reachable from here.
 */
const GROUPS: readonly (readonly string[])[] = [
  // Where this machine has its programs and this user has files.
  ['PATH', 'HOME', 'HOMEDRIVE', 'HOMEPATH', 'USERPROFILE', 'PWD', 'OLDPWD', 'TMPDIR', 'TMP', 'TEMP', 'XDG_*'],
  // Who the user is and what started the program.
  ['USER', 'LOGNAME', 'SHELL', 'SHLVL', '_', 'SUDO_*', 'DOAS_*', 'container'],
  // The terminal and the desktop in front of the user, and the locales that are installed here.
  ['TERM', 'TERM_PROGRAM*', 'COLORTERM', 'COLUMNS', 'LINES', 'LS_COLORS', 'DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY'],
  ['DBUS_SESSION_BUS_ADDRESS', 'DBUS_SYSTEM_BUS_ADDRESS', 'SSH_AUTH_SOCK', 'SSH_AGENT_PID', 'SSH_ASKPASS'],
  [
    'SSH_CONNECTION',
    'SSH_CLIENT',
    'SSH_TTY',
    'GPG_AGENT_INFO',
    'EDITOR',
    'VISUAL',
    'PAGER',
    'LANG',
    'LANGUAGE',
    'LC_*',
  ],
  // Descriptors and names that only the process they were given to can use.
  [
    'NODE_CHANNEL_FD',
    'NODE_CHANNEL_SERIALIZATION_MODE',
    'NODE_UNIQUE_ID',
    'LISTEN_FDS',
    'LISTEN_FDNAMES',
    'LISTEN_PID',
  ],
  ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC', 'JOURNAL_STREAM', 'INVOCATION_ID', 'CREDENTIALS_DIRECTORY'],
  // What every shell obeys as it starts: code that would run here.
  ['BASH_ENV', 'BASH_FUNC_*', 'BASHOPTS', 'SHELLOPTS', 'IFS', 'CDPATH', 'PROMPT_COMMAND', 'PS1', 'PS2', 'PS4'],
  // The dynamic loader and the C library: objects and data of the image, loaded into every program.
  ['LD_*', 'DYLD_*', 'GLIBC_TUNABLES', 'GCONV_PATH', 'LOCPATH', 'NLSPATH', 'HOSTALIASES', 'RES_OPTIONS', 'LOCALDOMAIN'],
  // Compilers and what finds libraries for them.
  ['LIBRARY_PATH', 'CPATH', 'C_INCLUDE_PATH', 'CPLUS_INCLUDE_PATH', 'PKG_CONFIG_PATH', 'ACLOCAL_PATH', 'MANPATH'],
  // Language runtimes: folders of the image, and options that load files of it into every run.
  ['PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP', 'PYTHONUSERBASE', 'PYTHONEXECUTABLE', 'PYTHONPYCACHEPREFIX'],
  ['PYTHONPLATLIBDIR', 'VIRTUAL_ENV', 'CONDA_*', 'PYENV_*', 'POETRY_HOME', 'PIPX_*', 'UV_PYTHON*', 'UV_CACHE_DIR'],
  ['NODE_PATH', 'NODE_OPTIONS', 'NODE_ICU_DATA', 'NVM_*', 'NPM_CONFIG_*', 'npm_*', 'PNPM_HOME', 'YARN_*', 'COREPACK_*'],
  ['JAVA_HOME', 'JAVA_EXE', 'JRE_HOME', 'JDK_HOME', 'CLASSPATH', 'JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS'],
  ['_JAVA_OPTIONS', 'MAVEN_HOME', 'M2_HOME', 'GRADLE_HOME', 'GRADLE_USER_HOME', 'ANT_HOME', 'SDKMAN_*'],
  ['CATALINA_HOME', 'CATALINA_BASE', 'KOTLIN_HOME', 'SCALA_HOME', 'GROOVY_HOME', 'SBT_HOME'],
  ['GOPATH', 'GOROOT', 'GOBIN', 'GOCACHE', 'GOMODCACHE', 'GOTMPDIR', 'GOTOOLDIR', 'GOTOOLCHAIN', 'GOENV', 'GOFLAGS'],
  ['GEM_HOME', 'GEM_PATH', 'BUNDLE_*', 'RUBYLIB', 'RUBYOPT', 'RUBY_ROOT', 'RBENV_*', 'RVM_*'],
  ['CARGO_*', 'RUSTUP_*', 'RUSTC', 'RUSTFLAGS', 'RUST_SRC_PATH'],
  ['PERL5LIB', 'PERLLIB', 'PERL5OPT', 'PERL_LOCAL_LIB_ROOT', 'PERL_MB_OPT', 'PERL_MM_OPT'],
  ['PHPRC', 'PHP_INI_DIR', 'PHP_INI_SCAN_DIR', 'COMPOSER_HOME', 'COMPOSER_CACHE_DIR'],
  ['DOTNET_ROOT', 'DOTNET_ROOT_*', 'DOTNET_HOST_PATH', 'DOTNET_STARTUP_HOOKS', 'DOTNET_ADDITIONAL_DEPS'],
  ['DOTNET_SHARED_STORE', 'CORECLR_*', 'COR_PROFILER*', 'COR_ENABLE_PROFILING', 'NUGET_PACKAGES', 'MSBuildSDKsPath'],
  ['ERL_LIBS', 'MIX_HOME', 'MIX_ARCHIVES', 'HEX_HOME', 'R_HOME', 'R_LIBS', 'R_LIBS_*', 'LUA_PATH', 'LUA_CPATH'],
  ['JULIA_DEPOT_PATH', 'JULIA_LOAD_PATH', 'OPAMROOT', 'STACK_ROOT', 'GHC_PACKAGE_PATH', 'ASDF_*', 'HOMEBREW_*'],
  // Certificates and configurations of tools, by file: a missing one breaks every TLS connection or hides the user's own.
  ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF', 'OPENSSL_MODULES', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE'],
  [
    'NODE_EXTRA_CA_CERTS',
    'GIT_SSL_CAINFO',
    'GIT_DIR',
    'GIT_WORK_TREE',
    'GIT_INDEX_FILE',
    'GIT_EXEC_PATH',
    'GIT_CONFIG*',
  ],
  ['KUBECONFIG', 'DOCKER_CONFIG', 'TERMINFO', 'TERMINFO_DIRS', 'TZDIR'],
  // This tool's own settings, and what carries the agent's program in a pod.
  ['MIRRORD_*'],
];

const names = new Set<string>();
const prefixes: string[] = [];
for (const name of GROUPS.flat()) {
  if (name.endsWith('*')) prefixes.push(name.slice(0, -1));
  else names.add(name);
}

export function staysLocal(name: string): boolean {
  return names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
