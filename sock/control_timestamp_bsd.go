//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sock

import "golang.org/x/sys/unix"

// SO_TIMESTAMP is the option of the level SOL_SOCKET that enables timestamps: <sys/socket.h>.
const SO_TIMESTAMP = unix.SO_TIMESTAMP
