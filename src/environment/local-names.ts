/**
 * Names that stay this machine's own: the program runs here, with this machine's files, user, terminal and tools.  The
 * target's values would send it to places that are not here or, set by somebody who means harm, run what they like: `exec`
 * starts more than the one program, and anyone who may edit the pod can write its environment.
 *
 * What is read by runtimes and tools at large is listed; what an application alone reads is its own business.  So these
 * come over: HOSTNAME (the pod's name, which tells a StatefulSet's member who it is), KUBERNETES_SERVICE_HOST (reachable
 * from here), what tunes a program without naming a file (GOMAXPROCS, UV_THREADPOOL_SIZE, PYTHONUNBUFFERED, RUST_LOG, TZ),
 * credentials (AWS_*, PG*), and HTTP_PROXY with its kin: they are a part of the target's network, as the program sees it,
 * and what they carry is protected by certificates, whose authorities are this machine's.
 */
interface Group {
  /** Why they stay; a clause for the documentation. */
  readonly reason: string;
  /** Separated by blanks; a final `*` stands for any ending. */
  readonly names: string;
}

export const LOCAL_NAMES: readonly Group[] = [
  {
    reason: 'where this machine has its programs, and this user their files',
    names: 'PATH HOME HOMEDRIVE HOMEPATH USERPROFILE PWD OLDPWD TMPDIR TMP TEMP XDG_*',
  },
  {
    reason: 'who the user is, and what started the program',
    names: 'USER LOGNAME SHELL SHLVL _ SUDO_* DOAS_* PKEXEC_UID container',
  },
  {
    reason: 'the terminal and the desktop in front of the user, and the locales that are installed here',
    names:
      'TERM TERMCAP TERMINFO TERMINFO_DIRS TERM_PROGRAM* COLORTERM COLUMNS LINES LS_COLORS TMUX* STY SCREENRC ' +
      'DISPLAY WAYLAND_* XAUTHORITY XMODIFIERS DBUS_* LANG LANGUAGE LC_* LOCPATH MUSL_LOCPATH NLSPATH ' +
      'TEXTDOMAINDIR TZDIR',
  },
  {
    reason: 'modules that desktop and media libraries load',
    names:
      'GTK_* GTK2_* GTK3_* GIO_* GDK_PIXBUF_* GI_TYPELIB_PATH GSETTINGS_* QT_* QML_* QML2_* GST_PLUGIN_* ' +
      'GST_REGISTRY* VK_ICD_FILENAMES VK_DRIVER_FILES VK_LAYER_PATH VK_ADD_LAYER_PATH VK_INSTANCE_LAYERS ' +
      'LIBGL_* LIBVA_* OCL_* MAGICK_* FONTCONFIG_* GS_LIB GS_OPTIONS',
  },
  {
    reason: 'agents, keys and helpers of this user',
    names:
      'SSH_AUTH_SOCK SSH_AGENT_PID SSH_ASKPASS* SSH_CONNECTION SSH_CLIENT SSH_TTY SSH_SK_* SSH_PKCS11_* ' +
      'GPG_AGENT_INFO GPG_TTY GNUPGHOME PINENTRY_* PASSWORD_STORE_*',
  },
  {
    reason: 'programs that others start: editors, pagers, browsers, remote shells',
    names:
      'EDITOR VISUAL FCEDIT SELECTED_EDITOR PAGER MANPAGER MANOPT MANROFFOPT GROFF_* BROWSER LESS LESSOPEN ' +
      'LESSCLOSE LESSKEY* LESSEDIT LESSHISTFILE MORE BAT_PAGER BAT_CONFIG_* DELTA_PAGER SYSTEMD_* PSQL_* PSQLRC ' +
      'MYSQL_HOME VIM VIMINIT VIMRUNTIME MYVIMRC GVIMINIT NVIM NVIM_* EXINIT EMACSLOADPATH EMACSDATA EMACSPATH ' +
      'RSYNC_RSH RSYNC_CONNECT_PROG CVS_RSH SVN_SSH SVN_EDITOR HG HGRCPATH HGEDITOR HGMERGE P4CONFIG P4EDITOR ' +
      'P4DIFF P4MERGE P4PAGER',
  },
  {
    reason: 'what a shell obeys as it starts or between two commands (`ENV` is such a name, too)',
    names:
      'BASH BASH_* BASHOPTS ENV SHELLOPTS IFS CDPATH FPATH ZDOTDIR PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 INPUTRC ' +
      'HISTFILE EXECIGNORE GLOBIGNORE fish_*',
  },
  {
    reason: 'the dynamic loader and the C library: objects and data of the image, loaded into every program',
    names:
      'LD_* DYLD_* GLIBC_TUNABLES GCONV_PATH GETCONF_DIR MALLOC_TRACE HOSTALIASES RES_OPTIONS LOCALDOMAIN ' +
      'RESOLV_*',
  },
  {
    reason: 'git: programs that it starts, files that it reads and writes, and in whose name',
    names:
      'GIT_SSH* GIT_ASKPASS GIT_EXTERNAL_DIFF GIT_DIFF_OPTS GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PAGER* ' +
      'GIT_PROXY_COMMAND GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_CONFIG* GIT_DIR GIT_COMMON_DIR GIT_WORK_TREE ' +
      'GIT_INDEX_* GIT_OBJECT_DIRECTORY GIT_ALTERNATE_* GIT_NAMESPACE GIT_CEILING_DIRECTORIES GIT_DISCOVERY_* ' +
      'GIT_SHALLOW_FILE GIT_QUARANTINE_PATH GIT_ATTR_* GIT_SSL_* GIT_TRACE* GIT_ALLOW_PROTOCOL GIT_PROTOCOL* ' +
      'GIT_REDIRECT_* GIT_AUTHOR_* GIT_COMMITTER_*',
  },
  {
    reason: 'options that common tools take for a part of their command line, or files of such',
    names:
      'TAR_OPTIONS RIPGREP_CONFIG_PATH FZF_* WGETRC SYSTEM_WGETRC CURL_HOME NETRC ACKRC APT_CONFIG DPKG_* ' +
      'AWKPATH AWKLIBPATH VALGRIND_* ASAN_* LSAN_* MSAN_* TSAN_* UBSAN_* LLVM_PROFILE_FILE GCOV_* DEBUGINFOD_*',
  },
  {
    reason: 'compilers and builds: programs, options and scripts of them',
    names:
      'CC CXX CPP LD AR AS RANLIB CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKE MAKEFILES MAKEFLAGS MFLAGS GNUMAKEFLAGS ' +
      'CMAKE_* CCACHE_* DISTCC_* SCCACHE_* GCC_EXEC_PREFIX COMPILER_PATH LIBRARY_PATH CPATH C_INCLUDE_PATH ' +
      'CPLUS_INCLUDE_PATH OBJC_INCLUDE_PATH PKG_CONFIG* CONFIG_SITE CONFIG_SHELL ACLOCAL* AUTOM4TE* MANPATH ' +
      'BAZEL* NIX_* GUIX_*',
  },
  {
    reason: 'Python: folders of the image, modules that are loaded, other indexes of packages',
    names:
      'PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONUSERBASE PYTHONEXECUTABLE PYTHONPYCACHEPREFIX PYTHONPLATLIBDIR ' +
      'PYTHONBREAKPOINT PYTHONINSPECT PYTHONWARNINGS PYTHONHTTPSVERIFY PYTHON_PRESITE PYTHON_HISTORY ' +
      '__PYVENV_LAUNCHER__ VIRTUAL_ENV CONDA_* MAMBA_* PYENV_* PIP_* PIPENV_* PIPX_* PDM_* POETRY_* UV_PYTHON* ' +
      'UV_CACHE_DIR UV_CONFIG_FILE UV_INDEX* UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_TOOL_* ' +
      'UV_PROJECT* PYTEST_ADDOPTS PYTEST_PLUGINS COVERAGE_PROCESS_START COVERAGE_RCFILE COVERAGE_FILE ' +
      'IPYTHONDIR JUPYTER_* MPLBACKEND MPLCONFIGDIR MATPLOTLIBRC',
  },
  {
    reason:
      'Node and its package managers: options, folders of the image, modules that are loaded, files that are written',
    names:
      'NODE_OPTIONS NODE_PATH NODE_ICU_DATA NODE_REPL_* NODE_V8_COVERAGE NODE_COMPILE_CACHE* ' +
      'NODE_REDIRECT_WARNINGS NODE_PRESERVE_SYMLINKS* NODE_TLS_REJECT_UNAUTHORIZED NVM_* FNM_* VOLTA_* NODENV_* ' +
      'N_PREFIX NPM_CONFIG_* npm_* PNPM_* YARN_* COREPACK_* BUN_* DENO_* TS_NODE_* ELECTRON_* ' +
      'ESBUILD_BINARY_PATH CHROME_BIN CHROME_PATH PUPPETEER_* PLAYWRIGHT_*',
  },
  {
    reason: 'Java and its builds: options with agents in them, folders of the image',
    names:
      'JAVA_HOME JAVA_EXE JAVACMD JRE_HOME JDK_HOME CLASSPATH JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS ' +
      'JDK_JAVAC_OPTIONS _JAVA_OPTIONS JAVA_OPTS JVM_OPTS IBM_JAVA_OPTIONS OPENJ9_JAVA_OPTIONS MAVEN_* M2_HOME ' +
      'MVNW_* GRADLE_* ANT_HOME ANT_OPTS ANT_ARGS SBT_* SDKMAN_* CATALINA_* KOTLIN_* SCALA_HOME GROOVY_* LEIN_*',
  },
  {
    reason: 'Go: folders of the image, programs and proxies of its builds',
    names:
      'GOPATH GOROOT GOBIN GOCACHE GOCACHEPROG GOMODCACHE GOTMPDIR GOTOOLDIR GOTOOLCHAIN GOENV GOFLAGS GOPROXY ' +
      'GOPRIVATE GONOPROXY GONOSUMDB GOSUMDB GOINSECURE GOVCS GOAUTH GOWORK GOOS GOARCH GOEXPERIMENT ' +
      'GO111MODULE GOCOVERDIR CGO_*',
  },
  {
    reason: 'Ruby: options, folders of the image, files that are loaded',
    names:
      'RUBYOPT RUBYLIB RUBYPATH RUBYSHELL RUBYGEMS_* RUBY_ROOT RUBY_DEBUG_* GEM_* BUNDLE_* BUNDLER_* RBENV_* ' +
      'RVM_* IRBRC PRYRC',
  },
  {
    reason: 'Rust: programs and options of its builds',
    names: 'CARGO CARGO_* RUSTUP_* RUSTC RUSTC_* RUSTDOC* RUSTFLAGS RUST_SRC_PATH',
  },
  {
    reason: 'Perl: options, debugger, folders of the image',
    names: 'PERL5* PERLLIB PERLDB_OPTS PERLDOC* PERLIO_DEBUG PERL_*',
  },
  {
    reason: 'PHP: files of settings, which load extensions',
    names: 'PHPRC PHP_INI_* PHP_PEAR_* PEAR_* COMPOSER COMPOSER_* XDEBUG_*',
  },
  {
    reason: '.NET and Mono: assemblies and profilers that are loaded',
    names:
      'DOTNET_ROOT* DOTNET_HOST_PATH DOTNET_STARTUP_HOOKS DOTNET_ADDITIONAL_DEPS DOTNET_SHARED_STORE ' +
      'DOTNET_BUNDLE_EXTRACT_BASE_DIR DOTNET_CLI_HOME DOTNET_INSTALL_DIR DOTNET_DiagnosticPorts DOTNET_Dbg* ' +
      'DOTNET_HOSTINGSTARTUPASSEMBLIES ASPNETCORE_HOSTINGSTARTUPASSEMBLIES CORECLR_* COR_PROFILER* ' +
      'COR_ENABLE_PROFILING COMPlus_* NUGET_* MSBUILD* MONO_PATH MONO_ENV_OPTIONS MONO_CONFIG MONO_GAC_PREFIX',
  },
  {
    reason: 'other languages: code and options at the start, folders of the image',
    names:
      'ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS ERL_LIBS ERL_INETRC ERL_COMPILER_OPTIONS ERL_ROOTDIR ELIXIR_ERL_OPTIONS ' +
      'MIX_HOME MIX_ARCHIVES MIX_PATH MIX_INSTALL_* HEX_* R_HOME R_LIBS* R_PROFILE* R_ENVIRON* ' +
      'R_DEFAULT_PACKAGES R_HISTFILE RENV_* LUA_INIT* LUA_PATH* LUA_CPATH* LUAROCKS_* JULIA_DEPOT_PATH ' +
      'JULIA_LOAD_PATH JULIA_PROJECT JULIA_EDITOR JULIA_SHELL JULIA_BINDIR JULIA_PKG_SERVER OCAMLPATH OCAMLLIB ' +
      'OCAMLRUNPARAM CAML_LD_LIBRARY_PATH OPAM* STACK_ROOT STACK_YAML CABAL_* GHC_* GHCRTS TCLLIBPATH ' +
      'TCL_LIBRARY TK_LIBRARY GUILE_* PUB_CACHE PUB_HOSTED_URL CRYSTAL_PATH ASDF_* MISE_* DIRENV_* HOMEBREW_*',
  },
  {
    reason:
      'certificates and keys of TLS by file: a missing one breaks every connection, another one lets others listen',
    names:
      'SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE OPENSSL_* CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS ' +
      'GNUTLS_* P11_KIT_* PKCS11_*',
  },
  {
    reason: 'logins and drivers by file, which load libraries',
    names: 'KRB5* SASL_PATH SASL_CONF_PATH LDAPCONF LDAPRC ODBCINI ODBCSYSINI ODBCINSTINI LIBMYSQL_PLUGIN*',
  },
  {
    reason: 'tools for clusters and clouds: the clusters, daemons and plugins of this user',
    names:
      'KUBECONFIG KUBE_EDITOR KUBECTL_* KREW_* HELM_CACHE_HOME HELM_CONFIG_HOME HELM_DATA_HOME HELM_PLUGINS ' +
      'HELM_KUBE* HELM_REPOSITORY_* HELM_REGISTRY_CONFIG DOCKER_CONFIG DOCKER_HOST DOCKER_CONTEXT ' +
      'DOCKER_CERT_PATH DOCKER_TLS_VERIFY CONTAINER_HOST CONTAINERS_* BUILDKIT_HOST TF_CLI_* TF_PLUGIN_* ' +
      'TF_DATA_DIR ANSIBLE_* CLOUDSDK_* AZURE_CONFIG_DIR',
  },
  {
    reason: 'descriptors and names that only the process they were given to can use',
    names:
      'NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE NODE_UNIQUE_ID LISTEN_FDS LISTEN_FDNAMES LISTEN_PID ' +
      'NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC JOURNAL_STREAM INVOCATION_ID CREDENTIALS_DIRECTORY',
  },
  {
    reason: "this tool's own settings",
    names: 'MIRRORD_*',
  },
];

const names = new Set<string>();
/** In lower case: npm and Yarn read theirs in any. */
const prefixes: string[] = [];
for (const name of LOCAL_NAMES.flatMap((group) => group.names.split(' '))) {
  if (name.endsWith('*')) prefixes.push(name.slice(0, -1).toLowerCase());
  else names.add(name);
}

export function staysLocal(name: string): boolean {
  const folded = name.toLowerCase();
  return names.has(name) || prefixes.some((prefix) => folded.startsWith(prefix));
}
