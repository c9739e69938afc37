package netconn

import (
	"context"
	"net"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Dialer makes connections, as a net.Dialer does. The zero Dialer is ready. Any number of
// goroutines may use it at the same time. It must not change meanwhile.
type Dialer struct {
	// Timeout limits the time of a Dial, for the look-up of the host and all its addresses
	// together. 0: no limit of its own.
	Timeout time.Duration
	// Deadline is the instant at which a Dial fails. The zero Time: no deadline. The earliest of
	// Deadline, Timeout and the context applies.
	Deadline time.Time
	// LocalAddr is the address to bind before the connect. It must belong to the network. nil: the
	// system chooses.
	LocalAddr net.Addr
	// FallbackDelay is the time from the start of one try to the start of the next, which uses the
	// next address of the host, IPv6 and IPv4 in turn: Happy Eyeballs, RFC 8305. 0: 250 ms.
	// Negative: the next try begins only after a failure, and an address that does not answer has
	// failed after its part of the time that is left, at least two seconds.
	FallbackDelay time.Duration
	// KeepAlive is the time before the first probe of a silent TCP connection, if KeepAliveConfig
	// is not enabled: 0 is 15 s; negative is no probes.
	KeepAlive time.Duration
	// KeepAliveConfig has all values of keep-alive. It applies if its Enable is set.
	KeepAliveConfig net.KeepAliveConfig
	// Resolver looks up hosts. nil: sock.DefaultResolver.
	Resolver *sock.Resolver
	// Control is called for each socket before it is bound or connected. network is "tcp4" or
	// "tcp6" if Dial got "tcp", and so on. address is the address of the try.
	Control func(network, address string, c syscall.RawConn) error
	// ControlContext is called instead of Control, with the context of the Dial.
	ControlContext func(ctx context.Context, network, address string, c syscall.RawConn) error
	// MultipathTCP makes Dial use Multipath TCP if the system supports it. See Conn.MultipathTCP.
	MultipathTCP bool
	// FastOpen sends the first Write of a TCP connection together with its SYN, if the peer is
	// known to accept that (RFC 7413; Linux, TCP_FASTOPEN_CONNECT). Dial then returns before it has
	// reached the peer, and the first Write returns the error of a refusal. Do not set it if the
	// peer sends first: nothing is sent before the Write. It has no effect on other systems.
	FastOpen bool
	// Task, if not nil, waits instead of the calling goroutine. The connection comes back in the
	// view of the task: see Conn.In.
	Task *loop.Task
}

// Dial connects to an address of a network (see the package comment). It returns a *Conn, or for a
// datagram network a *PacketConn.
//
// If the host has several addresses, Dial tries them as FallbackDelay says. An address without a
// host, such as ":80", means this host.
//
// Errors: a net.UnknownNetworkError; a *net.AddrError or *families.AddrError for a bad address; a
// *net.DNSError for a host that is not found; the errno of the last try, such as ECONNREFUSED;
// os.ErrDeadlineExceeded, which is a context.DeadlineExceeded too, as in package net; an error of
// Control; loop.ErrOnLoop in a callback.
func Dial(network, address string) (net.Conn, error) {
	return new(Dialer).DialContext(context.Background(), network, address)
}

// DialTimeout is Dial with a limit of its time.
func DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return (&Dialer{Timeout: timeout}).Dial(network, address)
}

// Dial is the function Dial with the settings of the Dialer.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext is Dial with a context. If ctx ends first, it fails with the cause of ctx. The end of
// ctx has no effect on the connection.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if ctx == nil {
		return nil, d.fail(network, nil, &ArgError{Kind: sock.ArgMissing, Arg: "ctx", Value: nil, Rule: "must not be nil"})
	}
	n, err := parseNetwork(network)
	if err != nil {
		return nil, d.fail(network, nil, err)
	}
	if deadline, ok := d.deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline, errTimeout)
		defer cancel()
	}
	if n.isInet() {
		return d.dialInet(ctx, &n, address)
	}
	return d.dialOther(ctx, &n, address)
}

func (d *Dialer) deadline() (at time.Time, ok bool) {
	at = d.Deadline
	if d.Timeout != 0 {
		if end := time.Now().Add(d.Timeout); at.IsZero() || end.Before(at) {
			at = end
		}
	}
	return at, !at.IsZero()
}

func (d *Dialer) fail(network string, to net.Addr, err error) error {
	return &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Addr: to, Err: lookupCause(err)}
}

// dialInet connects to a host by one of its addresses.
func (d *Dialer) dialInet(ctx context.Context, n *network, address string) (net.Conn, error) {
	infos, err := lookup(ctx, d.Task, d.Resolver, n, address, 0)
	if err == nil {
		infos, err = d.reachable(n, infos)
	}
	if err != nil {
		return nil, d.fail(n.name, nil, err)
	}
	cfg := &sock.ConnectionConfig{
		Timeout:       sock.Within(sock.Forever),
		HappyEyeballs: d.FallbackDelay >= 0 && n.typ == sock.SOCK_STREAM,
		AttemptDelay:  max(d.FallbackDelay, 0),
		Context:       ctx,
		Task:          d.Task,
		Make:          func(info sock.AddrInfo) (*sock.Socket, error) { return d.prepare(ctx, n, info) },
	}
	s, err := connectAny(ctx, infos, cfg)
	if err != nil {
		to, _ := addrOf(err)
		if to == nil && len(infos) == 1 {
			to = infos[0].Addr
		}
		if a, ok := to.(sock.Addr); ok {
			to = netAddr(n.name, a)
		}
		return nil, d.fail(n.name, to, err)
	}
	return d.made(s, infos)
}

// leastTime is the least time for one of several addresses, saneMinimum of package net.
const leastTime = 2 * time.Second

// connectAny is sock.ConnectAny for a Dial. Without Happy Eyeballs each address gets an equal part
// of the time that is left, so that one that does not answer leaves some for the others.
func connectAny(ctx context.Context, infos []sock.AddrInfo, cfg *sock.ConnectionConfig) (s *sock.Socket, err error) {
	end, limited := ctx.Deadline()
	if cfg.HappyEyeballs || !limited {
		return sock.ConnectAny(infos, cfg)
	}
	for i := range infos {
		part := *cfg
		if left := len(infos) - i; left > 1 {
			share := max(time.Until(end)/time.Duration(left), leastTime)
			one, cancel := context.WithTimeoutCause(ctx, share, errTimeout)
			defer cancel()
			part.Context = one
		}
		if s, err = sock.ConnectAny(infos[i:i+1], &part); err == nil || ctx.Err() != nil {
			break
		}
	}
	return s, err
}

// addrOf returns the address in an error, if there is one.
func addrOf(err error) (net.Addr, bool) {
	op, ok := err.(*net.OpError)
	if !ok {
		return nil, false
	}
	return op.Addr, op.Addr != nil
}

// reachable returns the addresses to which a socket with the local address can connect.
func (d *Dialer) reachable(n *network, infos []sock.AddrInfo) ([]sock.AddrInfo, error) {
	if d.LocalAddr == nil {
		return infos, nil
	}
	var found []sock.AddrInfo
	for _, info := range infos {
		local, err := sockAddr(info.Family, d.LocalAddr)
		if err != nil {
			return nil, err
		}
		if local.Kind() == info.Addr.Kind() {
			found = append(found, info)
		}
	}
	_, tcp := d.LocalAddr.(*net.TCPAddr)
	_, udp := d.LocalAddr.(*net.UDPAddr)
	if len(found) == 0 || udp && n.typ != sock.SOCK_DGRAM || tcp && n.typ == sock.SOCK_DGRAM {
		return nil, &net.AddrError{Err: "mismatched local address type", Addr: d.LocalAddr.String()}
	}
	return found, nil
}

// prepare makes the socket for one try.
func (d *Dialer) prepare(ctx context.Context, n *network, info sock.AddrInfo) (_ *sock.Socket, err error) {
	s, err := n.streamSocket(info.Family, d.MultipathTCP)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
			err = &net.OpError{Op: "connect", Addr: info.Addr, Err: cause(err)} // with the address of this try
		}
	}()
	if n.typ == sock.SOCK_DGRAM {
		s.Setsockopt(sock.SOL_SOCKET, sock.SO_BROADCAST, 1) // as package net does
	}
	if d.FastOpen && n.typ == sock.SOCK_STREAM && s.Proto() != protoSCTP {
		if fastOpenConnect != 0 { // a kernel without fast open connects as usual
			s.Setsockopt(sock.IPPROTO_TCP, fastOpenConnect, 1)
		}
	}
	if err := d.control(ctx, inetName(n, info.Family), info.Addr.String(), s); err != nil {
		return nil, err
	}
	if d.LocalAddr != nil {
		local, err := sockAddr(info.Family, d.LocalAddr)
		if err == nil {
			err = s.Bind(local)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// streamSocket makes a socket as newSocket does. With multipath it is one of Multipath TCP if the
// system has that.
func (n *network) streamSocket(family sock.Family, multipath bool) (*sock.Socket, error) {
	if multipath && protoMPTCP != 0 && n.typ == sock.SOCK_STREAM && n.proto == 0 {
		if s, err := sock.New(family, sock.SOCK_STREAM, protoMPTCP); err == nil {
			return s, nil
		}
	}
	return n.newSocket(family)
}

func (d *Dialer) control(ctx context.Context, network, address string, s *sock.Socket) error {
	if d.Control == nil && d.ControlContext == nil {
		return nil
	}
	raw, err := s.SyscallConn()
	switch {
	case err != nil:
		return err
	case d.ControlContext != nil:
		return d.ControlContext(ctx, network, address, raw)
	}
	return d.Control(network, address, raw)
}

// made makes the connection for a connected socket.
func (d *Dialer) made(s *sock.Socket, infos []sock.AddrInfo) (net.Conn, error) {
	peer, err := s.Getpeername()
	if err != nil && len(infos) == 1 { // the peer has ended by now, or fast open has not reached it yet
		peer = infos[0].Addr
	}
	if !endsWithNothing(s.Type()) {
		p, err := newPacketConn(s, peer)
		return packetOr(s, p, err)
	}
	c, err := connected(s, nil, peer)
	if err != nil {
		s.Close()
		return nil, err
	}
	if _, ok := c.local.(*net.TCPAddr); ok {
		tcpOptions(s, d.KeepAlive, d.KeepAliveConfig)
	}
	return c, nil
}

func packetOr(s *sock.Socket, p *PacketConn, err error) (net.Conn, error) {
	if err != nil {
		s.Close()
		return nil, err
	}
	return p, nil
}

// dialOther connects to an address that needs no look-up.
func (d *Dialer) dialOther(ctx context.Context, n *network, address string) (_ net.Conn, err error) {
	to, err := n.parse(address)
	if err != nil {
		return nil, d.fail(n.name, nil, err)
	}
	s, err := n.newSocket(sock.AF_UNSPEC)
	if err != nil {
		return nil, d.fail(n.name, netAddr(n.name, to), err)
	}
	defer func() {
		if err != nil {
			s.Close()
			err = d.fail(n.name, netAddr(n.name, to), err)
		}
	}()
	if err := d.control(ctx, n.name, address, s); err != nil {
		return nil, err
	}
	view := s.With(ctx)
	if d.Task != nil {
		view = view.In(d.Task)
	}
	if d.LocalAddr != nil {
		local, err := sockAddr(s.Family(), d.LocalAddr)
		if err == nil {
			err = view.Bind(local)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := s.SetTimeout(sock.Forever); err != nil {
		return nil, err
	}
	if err := view.Connect(to); err != nil {
		return nil, err
	}
	if d.Task != nil {
		s = s.In(d.Task)
	}
	return d.made(s, []sock.AddrInfo{{Addr: to}})
}
