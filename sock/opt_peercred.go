package sock

import (
	"encoding/binary"
	"runtime"
	"unsafe"
)

// PeerCred returns the process that made the other end of a connected AF_UNIX socket, and its user.
// The values date from connect(2), listen(2) or socketpair(2):
//
//	Linux                      SO_PEERCRED, unix(7)
//	OpenBSD                    SO_PEERCRED, getsockopt(2)
//	NetBSD                     LOCAL_PEEREID, unix(4)
//	macOS, FreeBSD, DragonFly  LOCAL_PEERCRED, unix(4); PID is 0 where the system does not report it
//
// On Linux, a socket that is not connected has the ids 0, -1, -1 (each of 32 bits).
//
// Errors: ENOTCONN on the BSDs; errors.ErrUnsupported on Windows.
func (s *Socket) PeerCred() (Ucred, error) {
	rule := peerCreds[runtime.GOOS]
	var room [128]byte
	n, err := s.getOption("SO_PEERCRED", rule.level, rule.name, room[:max(rule.length, rule.most)], rule.length)
	if err != nil {
		return Ucred{}, err
	}
	return rule.decode(room[:n]), nil
}

// A peerCredRule describes the option that a system has.
type peerCredRule struct {
	level, name  int
	length, most int // of the structure, in bytes: minimum and maximum
	decode       func([]byte) Ucred
}

var peerCreds = map[string]peerCredRule{
	"linux":     {1, 17, ucredLen, 0, decodePIDFirst},
	"netbsd":    {0, 3, ucredLen, 0, decodePIDFirst}, // struct unpcbid { pid_t; uid_t; gid_t; }, <sys/un.h>
	"openbsd":   {0xffff, 0x1022, ucredLen, 0, decodePIDLast},
	"darwin":    {0, 1, 76, 0, decodeXucred},
	"freebsd":   {0, 1, 76, 88, decodeXucred},
	"dragonfly": {0, 1, 76, 88, decodeXucred},
}

func decodePIDFirst(b []byte) Ucred {
	u, _ := decodeUcred(b)
	return u
}

// decodePIDLast reads struct sockpeercred { uid_t uid; gid_t gid; pid_t pid; } of <sys/socket.h>.
func decodePIDLast(b []byte) Ucred {
	e := binary.NativeEndian
	return Ucred{PID: int(int32(e.Uint32(b[8:]))), UID: int(e.Uint32(b)), GID: int(e.Uint32(b[4:]))}
}

// decodeXucred reads <sys/ucred.h>:
//
//	struct xucred {
//		u_int cr_version;        //  0
//		uid_t cr_uid;            //  4
//		short cr_ngroups;        //  8
//		gid_t cr_groups[16];     // 12, the first of which is the effective one
//		union { void *; pid_t cr_pid; }; // 76, or 80 where a pointer has 8 bytes: FreeBSD 13
//	};
func decodeXucred(b []byte) Ucred {
	e := binary.NativeEndian
	u := Ucred{UID: int(e.Uint32(b[4:])), GID: -1}
	if n := int16(e.Uint16(b[8:])); n > 0 {
		u.GID = int(e.Uint32(b[12:]))
	}
	pointer := int(unsafe.Sizeof(uintptr(0)))
	if at := (76 + pointer - 1) &^ (pointer - 1); len(b) >= at+4 {
		u.PID = int(int32(e.Uint32(b[at:])))
	}
	return u
}
