//go:build !linux

package sock

import (
	"errors"
	"fmt"
	"runtime"
)

const (
	algFamily          = -1
	algSetKey          = 1
	algSetAEADAuthsize = 5
	msgMore            = 0
)

func newAlg(typ, name string) (*Socket, error) {
	return nil, failed("socket", AF_UNSPEC, fmt.Errorf("AF_ALG %s %s: only on linux, not on %s: %w", typ, name, runtime.GOOS, errors.ErrUnsupported))
}
