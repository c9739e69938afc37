//go:build !darwin

package sock

import "errors"

// sysControlID is never reached: families encodes no address of PF_SYSTEM here.
func sysControlID(int, string) (uint32, error) { return 0, errors.ErrUnsupported }
