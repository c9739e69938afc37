package sock

import (
	"context"
	"errors"
	"syscall"

	"github.com/polluxio/pollux/families"
)

// sockaddr is room for an address as the system has it.
type sockaddr [families.MaxSockaddr]byte

// encode resolves a if it needs to be, and puts it into o as the system has it.
func (s *Socket) encode(o *op, a Addr) error {
	f, ok := families.Host.Lookup(int(s.family), int(s.proto))
	if !ok {
		if a.Kind() != families.KindRaw {
			return families.Host.NoFormat(int(s.family), int(s.proto))
		}
		n, err := families.Host.Encode(o.sa[:], a)
		o.salen = uint32(n)
		return err
	}
	if zone := a.Zone(); zone != "" && a.Kind() != families.KindInet6 {
		// Only an address of this family is worth a look for its interface.
		if _, err := f.Encode(o.sa[:], a); !errors.Is(err, families.ErrZoneUnresolved) {
			return err
		}
	}
	if a.ControlName() != "" { // of the others only macOS has these, and Encode says so
		if _, err := f.Encode(o.sa[:], a); !errors.Is(err, families.ErrControlUnresolved) {
			return err
		}
	}
	if a.NeedsHost() || a.Zone() != "" || a.ControlName() != "" {
		resolved, err := s.resolve(a)
		if err != nil {
			return err
		}
		a = resolved
	}
	n, err := f.Encode(o.sa[:], a)
	o.salen = uint32(n)
	return err
}

// resolve gives a the index of its interface or the id of its kernel control if it has the name of
// one instead, and the address of its host, waiting as the view says; never on a loop.
//
// An interface that is not there is ENODEV, as in Python; but for the zone of an IPv6 address it is
// what the resolver says of the host.
func (s *Socket) resolve(a Addr) (Addr, error) {
	if zone := a.Zone(); zone != "" {
		if a.Kind() == families.KindInet6 && len(zone) >= 16 { // IFNAMSIZ; else the system cuts it, and that might be another's name
			return a, noName(zone, "no such interface")
		}
		index, err := s.interfaceIndex(zone)
		switch {
		case err == nil:
			return a.WithScope(uint32(index)), nil
		case err == syscall.ENODEV && a.Kind() == families.KindInet6:
			return a, noName(zone, "no such interface")
		}
		return a, err
	}
	if name := a.ControlName(); name != "" {
		id, err := s.controlID(name)
		return a.WithSystemID(id), err
	}
	if !a.NeedsHost() {
		return a, nil
	}
	r := DefaultResolver
	find := func(ctx context.Context) (Addr, error) {
		infos, err := r.Getaddrinfo(ctx, a.Host(), "", &Hints{Family: Family(families.Host.FamilyOf(a)), Type: SOCK_DGRAM})
		if refused, ok := err.(*ArgError); ok && isASCII(a.Host()) { // to Python, ASCII in an address is no matter of IDNA
			return a, noName(a.Host(), refused.Rule)
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

// interfaceIndex is the index of the interface with that name, where the socket is: in its network
// namespace.
//
// Error: ENODEV.
func (s *core) interfaceIndex(name string) (int, error) {
	sysfd, err := s.fd.Acquire()
	if err != nil {
		return 0, err
	}
	defer s.fd.Release()
	return sysInterfaceIndex(sysfd, name)
}

// controlID is the id of the kernel control with that name, which only a socket of PF_SYSTEM can
// ask for.
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

// InterfaceOf is the name of the interface of a packet or CAN address, in the socket's network
// namespace: "" if a is for all interfaces, if there is none with that index any more, or if the
// socket is closed. The addresses that the system tells have the index alone, where Python has the
// name: to ask for it is a system call for each.
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
	return sysInterfaceName(sysfd, int(index))
}

// decode reads an address of the socket's family.
func (s *core) decode(b []byte) (Addr, error) {
	return families.Host.Decode(int(s.family), int(s.proto), b)
}
