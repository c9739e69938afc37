package sock

import "encoding/binary"

// Ucred says who sent a message on an AF_UNIX socket: SCM_CREDENTIALS of Linux, which comes if
// SO_PASSCRED is set, unix(7). The kernel has checked what the sender said, if it said it: its own
// process, and one of its own user and group ids unless it is privileged.
//
//	struct ucred { pid_t pid; uid_t uid; gid_t gid; };    <sys/socket.h>: 0, 4, 8
type Ucred struct {
	PID      int // 0 of a process that the receiver's namespace does not show
	UID, GID int
}

// Control is the item that sendmsg(2) takes.
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

// SockCred says who sent a message on an AF_UNIX socket, on the BSDs: the real and the effective
// ids, and the groups. Reading one allocates its groups.
type SockCred struct {
	PID       int // -1 where the structure has none
	UID, EUID int
	GID, EGID int // -1 for an effective group that the structure does not have
	Groups    []int
}

// SockCred reads an item of the type SCM_CREDS2 (FreeBSD, after LOCAL_CREDS_PERSISTENT) or
// SCM_CREDS of LOCAL_CREDS (NetBSD), or one that the sender filled in, struct cmsgcred of SCM_CREDS
// (FreeBSD, DragonFly). Other systems have none.
func (c Control) SockCred() (SockCred, bool) {
	switch {
	case c.is(SOL_SOCKET, numbers.cmsgcred):
		return decodeCmsgcred(c.Data)
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

// decodeCmsgcred reads <sys/socket.h> of FreeBSD and DragonFly:
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
	if len(b) != 84 {
		return SockCred{}, false
	}
	e := binary.NativeEndian
	v := SockCred{int(int32(e.Uint32(b))), int(e.Uint32(b[4:])), int(e.Uint32(b[8:])), int(e.Uint32(b[12:])), -1, nil}
	var ok bool
	v.Groups, ok = groups(b[20:], int(int16(e.Uint16(b[16:]))))
	return v, ok
}

// decodeSockcred reads <sys/socket.h> of NetBSD, and of FreeBSD behind its version:
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

// decodeOldSockcred reads struct sockcred without its first field.
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
