package families

import "encoding/binary"

// Vsock returns an address of AF_VSOCK (Linux, macOS). cid is the number of a virtual machine, or
// VMADDR_CID_ANY. port is a port; VMADDR_PORT_ANY lets the system choose one. vsock(7)
func Vsock(cid, port uint32) Addr {
	return Addr{kind: KindVsock, a: cid, b: port}
}

// Vsock returns the machine and the port of a vsock address. For other kinds they are 0.
func (a Addr) Vsock() (cid, port uint32) {
	if a.kind != KindVsock {
		return 0, 0
	}
	return a.a, a.b
}

// vsockCodec encodes this structure of <linux/vm_sockets.h>. macOS's, in <sys/vsock.h>, ends after
// the cid:
//
//	struct sockaddr_vm {
//		                              // header      0
//		unsigned short svm_reserved1; //             2
//		unsigned int   svm_port;      // host order  4
//		unsigned int   svm_cid;       // host order  8
//		__u8           svm_flags;     //            12
//		unsigned char  svm_zero[3];   //            13
//	};                                //            16
//
// The codec writes the flags as 0 and does not read them, as Python does. VMADDR_FLAG_TO_HOST is
// for a machine within another. The kernel sets it for the peers of some sockets, and their
// addresses would then differ.
//
// Its text is "2:1024". "any" stands for the highest numbers, VMADDR_CID_ANY and VMADDR_PORT_ANY.
type vsockCodec struct{}

const vsockAny = 1<<32 - 1

func (vsockCodec) text(a Addr) string {
	word := func(n uint32) string {
		if n == vsockAny {
			return "any"
		}
		return utoa(n)
	}
	return word(a.a) + ":" + word(a.b)
}

func (vsockCodec) parse(s string) (Addr, error) {
	r := readFields("vsock", s, ":")
	number := func(what string) uint32 {
		if r.more() && r.fields[0] == "any" {
			r.next(what)
			return vsockAny
		}
		return uint32(r.number(what, 32))
	}
	cid, port := number("cid"), number("port")
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	return Vsock(cid, port), nil
}

func (vsockCodec) encode(s *System, body []byte, a Addr) (int, error) {
	n := 16 - headerLen
	if s.index == darwin {
		n = 12 - headerLen
	}
	if len(body) < n {
		return 0, noRoom("vsock", headerLen+len(body))
	}
	clear(body[:n])
	binary.NativeEndian.PutUint32(body[2:], a.b)
	binary.NativeEndian.PutUint32(body[6:], a.a)
	return n, nil
}

func (vsockCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 12-headerLen {
		return Addr{}, short("vsock", headerLen+len(body))
	}
	return Vsock(binary.NativeEndian.Uint32(body[6:]), binary.NativeEndian.Uint32(body[2:])), nil
}
