package sock

// Getsockname returns the socket's own address: it wraps getsockname(2).
func (s *Socket) Getsockname() (Addr, error) { return s.name("getsockname", sysGetsockname) }

// Getpeername returns the address of the peer: it wraps getpeername(2).
//
// Error: ENOTCONN.
func (s *Socket) Getpeername() (Addr, error) { return s.name("getpeername", sysGetpeername) }

func (s *Socket) name(op string, get func(int, *sockaddr) (int, error)) (a Addr, err error) {
	err = s.do(op, func(sysfd int) error {
		var buf sockaddr
		n, err := get(sysfd, &buf)
		if err == nil {
			a, err = s.decode(buf[:n])
		}
		return err
	})
	return a, err
}
