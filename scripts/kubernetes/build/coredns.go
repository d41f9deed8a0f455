//go:build tools

// The programs to build: the import makes `go mod tidy` keep what they need.
package tools

import (
	_ "github.com/coredns/coredns"
)
