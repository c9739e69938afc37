package sock

import (
	"context"
	"syscall"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/names"
)

// sockaddr is room for an address as the system has it.
type sockaddr [families.MaxSockaddr]byte

// encode puts a into o in the system's form, after its name is resolved.
func (s *Socket) encode(o *op, a Addr) error {
	f, ok := families.Host.Lookup(int(s.family), int(s.proto))
	if !ok {
		return s.encodeRaw(o, a)
	}
	if a.Kind() == f.Kind() { // otherwise Encode returns the error, and no name is looked up for it
		var err error
		if a, err = s.resolve(a); err != nil {
			return err
		}
	}
	n, err := f.Encode(o.sa[:], a)
	o.salen = uint32(n)
	return err
}

// encodeRaw is encode for a family that package families lacks. Only bytes fit it.
func (s *Socket) encodeRaw(o *op, a Addr) error {
	if a.Kind() != families.KindRaw {
		return families.Host.NoFormat(int(s.family), int(s.proto))
	}
	n, err := families.Host.Encode(o.sa[:], a)
	o.salen = uint32(n)
	return err
}

// resolve replaces the name in a, if there is one: the name of an interface by its index, of a
// kernel control by its id, of a host by its address.
//
// Errors: ENODEV for an interface that does not exist, as in Python, but a *GaiError for the zone
// of an IPv6 address; ENOENT for a kernel control; the resolver's errors for a host.
func (s *Socket) resolve(a Addr) (Addr, error) {
	switch part, name := a.Unresolved(); part {
	case families.PartHost:
		return s.resolveHost(a, name)
	case families.PartInterface:
		return s.resolveInterface(a, name)
	case families.PartControl:
		id, err := s.controlID(name)
		return a.WithSystemID(id), err
	}
	return a, nil
}

func (s *Socket) resolveInterface(a Addr, name string) (Addr, error) {
	scope := a.Kind() == families.KindInet6
	if scope && len(name) >= names.InterfaceNameSize { // the system would cut it, perhaps to the name of another interface
		return a, noName(name, "no such interface")
	}
	index, err := s.interfaceIndex(name)
	switch {
	case err == nil:
		return a.WithScope(uint32(index)), nil
	case err == syscall.ENODEV && scope:
		return a, noName(name, "no such interface")
	}
	return a, err
}

// resolveHost waits as the view requires, and never on a loop.
func (s *Socket) resolveHost(a Addr, host string) (Addr, error) {
	hints := Hints{Family: Family(families.Host.FamilyOf(a)), Type: SOCK_DGRAM}
	resolver := DefaultResolver // of now: a look-up that was canceled may go on for a while
	find := func(ctx context.Context) (Addr, error) {
		infos, err := resolver.Getaddrinfo(ctx, host, "", &hints)
		if refused, ok := err.(*ArgError); ok && names.IsASCII(host) { // Python does not report IDNA errors for an ASCII host
			return a, noName(host, refused.Rule)
		}
		if err != nil {
			return a, err
		}
		return a.WithIP(infos[0].Addr.AddrPort().Addr()), nil
	}
	ctx := s.context()
	if t := s.who.Task(); t != nil {
		return resolveIn(t, ctx, find)
	}
	return find(ctx)
}

// interfaceIndex returns the index of the interface with that name in the socket's network
// namespace.
//
// Error: ENODEV.
func (s *core) interfaceIndex(name string) (int, error) {
	sysfd, err := s.fd.Acquire()
	if err != nil {
		return 0, err
	}
	defer s.fd.Release()
	return names.IndexAt(sysfd, name)
}

// controlID returns the id of the kernel control with that name. Only a socket of PF_SYSTEM can
// ask.
//
// Error: ENOENT.
func (s *core) controlID(name string) (uint32, error) {
	sysfd, err := s.fd.Acquire()
	if err != nil {
		return 0, err
	}
	defer s.fd.Release()
	return sysControlID(sysfd, name)
}

// InterfaceOf returns the name of the interface of a packet or CAN address, in the socket's network
// namespace. It returns "" if a stands for all interfaces, if no interface has that index any more,
// or if the socket is closed. Each call makes a system call: addresses from the kernel have only
// the index, where Python has the name.
func (s *Socket) InterfaceOf(a Addr) string {
	name, index := a.Interface()
	if name != "" || index == 0 {
		return name
	}
	sysfd, err := s.fd.Acquire()
	if err != nil {
		return ""
	}
	defer s.fd.Release()
	return names.NameAt(sysfd, int(index))
}

// decode decodes an address of the socket's family.
func (s *core) decode(b []byte) (Addr, error) {
	return families.Host.Decode(int(s.family), int(s.proto), b)
}
