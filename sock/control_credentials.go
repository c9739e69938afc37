package sock

import "encoding/binary"

// Ucred holds the credentials of the sender of a message on an AF_UNIX socket: SCM_CREDENTIALS of
// Linux, unix(7). The item comes if SO_PASSCRED is set. The kernel checks values that the sender
// gave: without privilege, they must be its own process id and one of its own user and group ids.
//
//	struct ucred { pid_t pid; uid_t uid; gid_t gid; };    <sys/socket.h>: 0, 4, 8
type Ucred struct {
	PID      int // 0 for a process outside the receiver's namespace
	UID, GID int
}

// Control returns the SCM_CREDENTIALS item for sendmsg(2).
func (u Ucred) Control() Control {
	return IntsControl(SOL_SOCKET, numbers.credentials, u.PID, u.UID, u.GID)
}

// Ucred reads an item of the type SCM_CREDENTIALS.
func (c Control) Ucred() (Ucred, bool) {
	if !c.is(SOL_SOCKET, numbers.credentials) {
		return Ucred{}, false
	}
	return decodeUcred(c.Data)
}

const ucredLen = 12

func decodeUcred(b []byte) (Ucred, bool) {
	if len(b) != ucredLen {
		return Ucred{}, false
	}
	e := binary.NativeEndian
	return Ucred{int(int32(e.Uint32(b))), int(e.Uint32(b[4:])), int(e.Uint32(b[8:]))}, true
}

// SockCred holds the credentials of the sender of a message on an AF_UNIX socket, on the BSDs: the
// real and effective ids, and the groups. Its reader allocates the list of groups.
type SockCred struct {
	PID       int // -1 if the structure has no process id
	UID, EUID int
	GID, EGID int // EGID is -1 if the structure has no effective group
	Groups    []int
}

// SockCred reads an item with credentials from the kernel: SCM_CREDS2 (FreeBSD, after
// LOCAL_CREDS_PERSISTENT) or SCM_CREDS after LOCAL_CREDS (NetBSD, FreeBSD). It also reads an item
// that the sender added: struct cmsgcred of SCM_CREDS (FreeBSD, DragonFly). Other systems have no
// such item.
//
// FreeBSD has one type for the last two. Only their length differs, and for a sender in 16 groups
// it is the same: SockCred then takes the item for a struct cmsgcred. LOCAL_CREDS_PERSISTENT is
// never ambiguous.
func (c Control) SockCred() (SockCred, bool) {
	switch {
	case c.is(SOL_SOCKET, numbers.cmsgcred) && len(c.Data) == cmsgcredLen:
		return decodeCmsgcred(c.Data)
	case c.is(SOL_SOCKET, numbers.cmsgcred) && numbers.sockcred != 0:
		return decodeOldSockcred(c.Data)
	case c.is(SOL_SOCKET, numbers.sockcred) && numbers.cmsgcred != 0:
		if len(c.Data) < 4 {
			return SockCred{}, false
		}
		return decodeSockcred(c.Data[4:]) // struct sockcred2 begins with int sc_version
	case c.is(SOL_SOCKET, numbers.sockcred):
		return decodeSockcred(c.Data)
	case c.is(SOL_SOCKET, numbers.oldSockcred):
		return decodeOldSockcred(c.Data)
	}
	return SockCred{}, false
}

const cmsgcredLen = 84

// decodeCmsgcred reads this structure of <sys/socket.h> on FreeBSD and DragonFly:
//
//	struct cmsgcred {
//		pid_t cmcred_pid;          //  0
//		uid_t cmcred_uid;          //  4
//		uid_t cmcred_euid;         //  8
//		gid_t cmcred_gid;          // 12
//		short cmcred_ngroups;      // 16
//		gid_t cmcred_groups[16];   // 20
//	};
func decodeCmsgcred(b []byte) (SockCred, bool) {
	if len(b) != cmsgcredLen {
		return SockCred{}, false
	}
	e := binary.NativeEndian
	v := SockCred{int(int32(e.Uint32(b))), int(e.Uint32(b[4:])), int(e.Uint32(b[8:])), int(e.Uint32(b[12:])), -1, nil}
	var ok bool
	v.Groups, ok = groups(b[20:], int(int16(e.Uint16(b[16:]))))
	return v, ok
}

// decodeSockcred reads this structure of <sys/socket.h> on NetBSD, and on FreeBSD after the version
// field:
//
//	struct sockcred {
//		pid_t sc_pid;          //  0
//		uid_t sc_uid;          //  4
//		uid_t sc_euid;         //  8
//		gid_t sc_gid;          // 12
//		gid_t sc_egid;         // 16
//		int   sc_ngroups;      // 20
//		gid_t sc_groups[1];    // 24, as many as sc_ngroups says
//	};
func decodeSockcred(b []byte) (SockCred, bool) {
	if len(b) < 24 {
		return SockCred{}, false
	}
	e := binary.NativeEndian
	v := SockCred{int(int32(e.Uint32(b))), int(e.Uint32(b[4:])), int(e.Uint32(b[8:])), int(e.Uint32(b[12:])), int(e.Uint32(b[16:])), nil}
	var ok bool
	v.Groups, ok = groups(b[24:], int(int32(e.Uint32(b[20:]))))
	return v, ok
}

// decodeOldSockcred reads struct sockcred without its first field: that of NetBSD before 8, and of
// FreeBSD after LOCAL_CREDS.
func decodeOldSockcred(b []byte) (SockCred, bool) {
	v, ok := decodeSockcred(append([]byte{0xff, 0xff, 0xff, 0xff}, b...))
	return v, ok
}

func groups(b []byte, n int) ([]int, bool) {
	if n < 0 || n > len(b)/4 {
		return nil, false
	}
	list := make([]int, n)
	for i := range list {
		list[i] = int(binary.NativeEndian.Uint32(b[4*i:]))
	}
	return list, true
}
