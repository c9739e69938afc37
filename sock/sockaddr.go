package sock

import (
	"context"
	"errors"
	"syscall"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/names"
)

// sockaddr is room for an address as the system has it.
type sockaddr [families.MaxSockaddr]byte

// encode resolves a if necessary, and puts it into o in the system's form.
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
		// Only an address of this family may have an interface to look up.
		if _, err := f.Encode(o.sa[:], a); !errors.Is(err, families.ErrZoneUnresolved) {
			return err
		}
	}
	if a.ControlName() != "" { // only macOS has these; elsewhere Encode reports the error
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

// resolve replaces the names in a: the interface's by its index, the kernel control's by its id,
// the host's by its address. It waits as the view requires; never on a loop.
//
// Errors: ENODEV for an interface that does not exist, as in Python; for the zone of an IPv6
// address, the resolver's error for the host.
func (s *Socket) resolve(a Addr) (Addr, error) {
	if zone := a.Zone(); zone != "" {
		if a.Kind() == families.KindInet6 && len(zone) >= 16 { // IFNAMSIZ; the system would cut a longer name, perhaps to the name of another interface
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
		if refused, ok := err.(*ArgError); ok && names.IsASCII(a.Host()) { // Python does not report IDNA errors for an ASCII host
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
