package families

import "encoding/binary"

// Vsock is an address of AF_VSOCK (Linux, macOS): the number of a virtual machine, VMADDR_CID_ANY
// for any, and a port, VMADDR_PORT_ANY for one that the system chooses. vsock(7)
func Vsock(cid, port uint32) Addr {
	return Addr{kind: KindVsock, a: cid, b: port}
}

// Vsock is the machine and the port of a vsock address. Those of any other are 0.
func (a Addr) Vsock() (cid, port uint32) {
	if a.kind != KindVsock {
		return 0, 0
	}
	return a.a, a.b
}

// vsockCodec is <linux/vm_sockets.h>; macOS's <sys/vsock.h> ends after the cid:
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
// The flags, VMADDR_FLAG_TO_HOST for a machine within another, are written as 0 and not read, as in
// Python: the kernel sets them on the peers of some sockets, which would be other addresses then.
//
// As text it is "2:1024", with "any" for the highest numbers, VMADDR_CID_ANY and VMADDR_PORT_ANY.
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
