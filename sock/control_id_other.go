//go:build !darwin

package sock

import "errors"

// sysControlID is never called: package families encodes no PF_SYSTEM address on this system.
func sysControlID(int, string) (uint32, error) { return 0, errors.ErrUnsupported }
