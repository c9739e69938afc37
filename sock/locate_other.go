//go:build !linux

package sock

import "errors"

// sysLastPeer always fails: only Linux remembers the peer of a connection that has ended.
func sysLastPeer(int, Family, *sockaddr) (int, error) { return 0, errors.ErrUnsupported }
