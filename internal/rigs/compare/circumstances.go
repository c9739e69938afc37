//go:build linux

package main

import (
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A circumstance is what is there before a call, and what happens while it waits.
type circumstance struct {
	name      string
	scene     func(*kind) (*scene, error)
	before    func(*scene)
	meanwhile func(*scene)
	only      func(*kind) bool // nil: every kind
	timeout   time.Duration    // of the socket; 0: it waits for ever
}

func say(text string) func(*scene) {
	return func(sc *scene) { unix.Sendto(sc.peer, sc.given(text), 0, sc.from) }
}

func shut(mine bool, how int) func(*scene) {
	return func(sc *scene) {
		if mine && sc.ours != nil && sc.kind.proto == unix.IPPROTO_SCTP {
			// Of a shutdown by way of a duplicate no event may tell: the association is gone, and
			// sctp_poll reports nothing.
			sc.ours.Shutdown(how)
		} else if mine {
			unix.Shutdown(sc.fd, how)
		} else {
			unix.Shutdown(sc.peer, how)
		}
	}
}

func closePeer(sc *scene) { closeOne(&sc.peer) }

func reset(sc *scene) {
	unix.SetsockoptLinger(sc.peer, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	closeOne(&sc.peer)
}

// fill sends until nothing more goes. TCP makes room once more when a delayed ACK comes, after up
// to 40 ms, and RFCOMM when its thread has sent what the peer has room for. No event tells of the
// last time. It must not take much longer: after 200 ms TCP
// probes the closed window, which may make a little room too. On a busy machine it happens, and the
// row is flaky.
func fill(sc *scene) {
	unix.SetsockoptInt(sc.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4096)
	if sc.kind.family != unix.AF_TIPC { // which ends a connection whose window is larger than the buffer
		unix.SetsockoptInt(sc.peer, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
	}
	if sc.kind.out != nil || sc.kind.addressed {
		sc.full = fillMessages(sc)
		return
	}
	p := make([]byte, 1024)
	for range most {
		sent := 0
		for size := len(p); size > 0; {
			n, err := unix.SendmsgN(sc.fd, p[:size], nil, nil, sc.flags(unix.MSG_DONTWAIT))
			if err != nil {
				size /= 32 // to the last byte
				continue
			}
			if sent += n; sent > most*len(p) {
				sc.full = -1
				return
			}
		}
		sc.full += sent
		if sent == 0 || !isInet(sc.kind) && sc.kind.family != unix.AF_BLUETOOTH {
			return
		}
		time.Sleep(60 * time.Millisecond)
	}
}

// most is how many messages no queue has room for.
const most = 4000

// fillMessages returns how many bytes it has sent, or -1 if there is always room for one more.
func fillMessages(sc *scene) (sent int) {
	for range most {
		n, err := unix.SendmsgN(sc.fd, sc.sent(), nil, sc.to, sc.flags(unix.MSG_DONTWAIT))
		if err != nil {
			return sent
		}
		sent += n
	}
	return -1
}

// drain receives as much as fill has sent, or until nothing comes any more. It waits in poll(2),
// since a receive of AF_ALG knows no timeout.
func drain(sc *scene) {
	p := make([]byte, 4096)
	for sc.full > 0 {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(sc.peer), Events: unix.POLLIN}}, int(patience.Milliseconds()))
		if n > 0 {
			n, err = recvfrom(sc.peer, p, unix.MSG_DONTWAIT, false)
		}
		if err == unix.EINTR {
			continue
		}
		if n <= 0 || err != nil {
			return
		}
		sc.full -= n
	}
}

func all(fns ...func(*scene)) func(*scene) {
	return func(sc *scene) {
		for _, fn := range fns {
			fn(sc)
		}
	}
}

func isInet(k *kind) bool { return k.family == unix.AF_INET || k.family == unix.AF_INET6 }
func isTCP(k *kind) bool  { return isInet(k) && k.typ == unix.SOCK_STREAM && k.proto == 0 }
func isUDP(k *kind) bool  { return isInet(k) && k.typ == unix.SOCK_DGRAM }

// refused has an ICMP error on its way to the socket, or there.
func refused(sc *scene) {
	closeOne(&sc.peer)
	unix.SendmsgN(sc.fd, []byte("x"), nil, sc.to, unix.MSG_DONTWAIT)
}

// asksErrors makes ICMP errors errors of the socket, also of one that is not connected.
func asksErrors(sc *scene) { unix.SetsockoptInt(sc.fd, unix.SOL_IP, unix.IP_RECVERR, 1) }

// signals has every thread get a signal, whose handler does nothing.
func signals(*scene) {
	for range 3 {
		tasks, _ := os.ReadDir("/proc/self/task")
		for _, task := range tasks {
			if tid, err := strconv.Atoi(task.Name()); err == nil {
				unix.Tgkill(os.Getpid(), tid, unix.SIGURG)
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// alone is a socket that has neither an address nor a peer. A raw one gets the packets of all
// others, so it has a protocol of its own: the second number for experiments of RFC 3692.
func alone(k *kind) (*scene, error) {
	own := *k
	if k.typ == unix.SOCK_RAW && isInet(k) {
		own.proto = 254
	}
	sc := &scene{kind: &own, fd: -1, peer: -1, ln: -1}
	var err error
	sc.fd, err = own.socket()
	return sc.or(err)
}

// keepsPorts is false for QRTR, where the port of a peer that is gone is at once that of another
// row.
func keepsPorts(k *kind) bool { return k.family != unix.AF_QIPCRTR }

func isPlain(k *kind) bool { return k.make == nil && !k.addressed }

// brief is a timeout that passes while the call waits.
func brief() time.Duration { return patience / 4 }

// onItsOwnBus is a pair on a CAN bus that is of this scene alone.
func onItsOwnBus(k *kind) (*scene, error) {
	own := *k
	own.bus = func() (int, error) { return addLink("vcan") }
	sc, err := k.make(&own)
	if err == nil {
		sc.kind, sc.ownLink = k, true
	}
	return sc, err
}

func busGoesDown(sc *scene) { lower(sc.link) }

// visiting is a pair whose address is of this scene alone.
func visiting(k *kind) (*scene, error) {
	own, ip := *k, [4]byte{192, 0, 2, byte(numbers.Add(1))}
	if err := address(unix.RTM_NEWADDR, unix.NLM_F_CREATE, ip); err != nil {
		return nil, err
	}
	own.local = func() unix.Sockaddr { return &unix.SockaddrInet4{Addr: ip} }
	sc, err := own.pair()
	if err == nil {
		sc.kind, sc.ip = k, ip
	}
	return sc, err
}

func addressVanishes(sc *scene) { address(unix.RTM_DELADDR, 0, sc.ip) }

func isCAN(k *kind) bool { return inMachine && k.family == unix.AF_CAN }
func visits(k *kind) bool {
	return inMachine && k.family == unix.AF_INET && k.make == nil && k.name != "raw"
}

// completing is for a receive that waits until its buffer is full.
var completing = []circumstance{{name: "in two parts meanwhile", scene: (*kind).scene, meanwhile: inTwoParts, only: isShort}}

func inTwoParts(sc *scene) {
	say("abc")(sc)
	say("defgh")(sc)
}

// isShort is true for kinds whose receive has room for 8 bytes of text, and whose messages are any
// text.
func isShort(k *kind) bool { return k.room == 0 && k.message == nil }

func lowWater(sc *scene) { unix.SetsockoptInt(sc.fd, unix.SOL_SOCKET, unix.SO_RCVLOWAT, 4) }

// events of the peer or of the socket itself, each before a receive and during it.
var receiving = both([]circumstance{
	{name: "data", meanwhile: say("bytes")},
	{name: "more than there is room for", meanwhile: say("more than 8 bytes"), only: isShort},
	{name: "an empty message", meanwhile: say(""), only: func(k *kind) bool { return k.typ != unix.SOCK_STREAM && k.family != unix.AF_TIPC }},
	{name: "peer closes", meanwhile: closePeer},
	{name: "data, and peer closes", meanwhile: all(say("bytes"), closePeer)},
	{name: "peer resets", meanwhile: reset, only: isTCP},
	{name: "data, and peer resets", meanwhile: all(say("bytes"), reset), only: isTCP},
	{name: "peer shuts down WR", meanwhile: shut(false, unix.SHUT_WR)},
	{name: "peer shuts down RD", meanwhile: shut(false, unix.SHUT_RD)},
	{name: "peer shuts down RDWR", meanwhile: shut(false, unix.SHUT_RDWR)},
	{name: "shut down RD", meanwhile: shut(true, unix.SHUT_RD)},
	{name: "shut down WR", meanwhile: shut(true, unix.SHUT_WR)},
	{name: "shut down RDWR", meanwhile: shut(true, unix.SHUT_RDWR)},
	{name: "refused", meanwhile: refused, only: isUDP},
	{name: "urgent data", meanwhile: func(sc *scene) { unix.SendmsgN(sc.peer, []byte("!"), nil, nil, unix.MSG_OOB) }, only: isTCP},
	{name: "less than SO_RCVLOWAT", before: lowWater, meanwhile: say("ab"), only: isTCP},
	{name: "refused, with IP_RECVERR", before: asksErrors, meanwhile: refused, only: isUDP},
	{name: "SO_RCVLOWAT", before: lowWater, meanwhile: all(say("ab"), say("cde")), only: isTCP},
}, circumstance{name: "nothing"}, (*kind).scene)

// receivingOnce are for receives too, but only before them: during one, the data and what comes
// after it race for the thread that sleeps.
var receivingOnce = before([]circumstance{
	{name: "in two parts", meanwhile: inTwoParts, only: isShort},
	{name: "data, and shut down RD", meanwhile: all(say("bytes"), shut(true, unix.SHUT_RD))},
}, (*kind).scene)

var receivingMore = slices.Concat([]circumstance{
	{name: "a timeout", scene: (*kind).scene, timeout: brief()},
	{name: "data, with a timeout", scene: (*kind).scene, before: say("bytes"), timeout: brief()},
	{name: "a signal, and data", scene: (*kind).scene, meanwhile: all(signals, say("bytes"))},
	{name: "no address and no peer", scene: alone, only: isPlain},
}, both([]circumstance{{name: "the bus goes down", meanwhile: busGoesDown, only: isCAN}}, circumstance{name: "nothing on its own bus", only: isCAN}, onItsOwnBus),
	both([]circumstance{{name: "the address vanishes", meanwhile: addressVanishes, only: visits}}, circumstance{name: "nothing on its own address", only: visits}, visiting),
	both([]circumstance{
		{name: "the host is unreachable, by ICMP", meanwhile: sendsAway, only: pointsOut},
		{name: "the host is unreachable, by ICMP, with IP_RECVERR", before: asksErrors, meanwhile: sendsAway, only: pointsOut},
	}, circumstance{name: "nothing outside", only: pointsOut}, pointing))

var sendingMore = slices.Concat([]circumstance{
	{name: "no address and no peer", scene: alone, only: isPlain},
	{name: "refused before", scene: (*kind).scene, before: refused, only: isUDP},
	{name: "refused before, with IP_RECVERR", scene: (*kind).scene, before: all(asksErrors, refused), only: isUDP},
}, before([]circumstance{{name: "the bus goes down", meanwhile: busGoesDown, only: isCAN}}, onItsOwnBus),
	before([]circumstance{{name: "the address vanishes", meanwhile: addressVanishes, only: visits}}, visiting),
	fulls(
		circumstance{name: "full, with a timeout", timeout: brief()},
		circumstance{name: "full, a signal, and drained", meanwhile: all(signals, drain)},
	))

var sending = slices.Concat([]circumstance{{name: "room", scene: (*kind).scene}}, before([]circumstance{
	{name: "peer closes", meanwhile: closePeer, only: keepsPorts},
	{name: "peer resets", meanwhile: reset, only: isTCP},
	{name: "shut down WR", meanwhile: shut(true, unix.SHUT_WR)},
	{name: "shut down RDWR", meanwhile: shut(true, unix.SHUT_RDWR)},
	{name: "peer shuts down RD", meanwhile: shut(false, unix.SHUT_RD)},
	{name: "peer shuts down RDWR", meanwhile: shut(false, unix.SHUT_RDWR)},
}, (*kind).scene),
	fulls(
		circumstance{name: "full"},
		circumstance{name: "full, and drained", meanwhile: drain},
		circumstance{name: "full, and peer closes", meanwhile: closePeer},
		circumstance{name: "full, and peer resets", meanwhile: reset, only: isTCP},
		circumstance{name: "full, and shut down WR", meanwhile: shut(true, unix.SHUT_WR)},
		circumstance{name: "full, and shut down RDWR", meanwhile: shut(true, unix.SHUT_RDWR), only: shutsDownAtOnce},
		circumstance{name: "full, and peer shuts down RD", meanwhile: shut(false, unix.SHUT_RD)},
	))

// shutsDownAtOnce is false for TIPC, where the shutdown of a full connection itself waits for 8
// seconds (__tipc_shutdown of net/tipc/socket.c).
func shutsDownAtOnce(k *kind) bool { return k.family != unix.AF_TIPC }

// before has each circumstance once, before the call: one that does not wait is not to be caught in
// it.
func before(list []circumstance, make func(*kind) (*scene, error)) (out []circumstance) {
	for _, c := range both(list, circumstance{}, make)[1:] {
		if c.meanwhile == nil {
			out = append(out, c)
		}
	}
	return out
}

// both has each circumstance once before the call and once during it.
func both(list []circumstance, still circumstance, make func(*kind) (*scene, error)) []circumstance {
	still.scene = make
	out := []circumstance{still}
	for _, c := range list {
		c.scene = make
		later := c
		c.before, c.meanwhile = all(orNothing(c.before), c.meanwhile), nil
		c.name += " before"
		later.name += " meanwhile"
		out = append(out, c, later)
	}
	return out
}

func orNothing(fn func(*scene)) func(*scene) {
	if fn == nil {
		return func(*scene) {}
	}
	return fn
}

// fulls begin with a socket whose queue is full.
func fulls(list ...circumstance) []circumstance {
	for i := range list {
		list[i].scene, list[i].before = (*kind).scene, fill
		list[i].only = orUsers(list[i].only, func(k *kind) bool { return !k.endless && (!isInet(k) || k.typ == unix.SOCK_STREAM && k.proto == 0) })
	}
	return list
}

func orUsers(a, b func(*kind) bool) func(*kind) bool {
	return func(k *kind) bool { return (a == nil || a(k)) && b(k) }
}

func isConnection(k *kind) bool { return k.connects }

// listening is for accepts: fd is the listener.
func listening(k *kind) (*scene, error) {
	sc, err := k.listener()
	if err == nil {
		sc.fd, sc.ln = sc.ln, -1
	}
	return sc, err
}

func dial(sc *scene) {
	c, err := sc.kind.caller()
	if err == nil {
		unix.SetNonblock(c, true)
		unix.Connect(c, sc.at)
		sc.more = append(sc.more, c)
	}
}

func hangUp(sc *scene) {
	c := sc.more[len(sc.more)-1]
	sc.more = sc.more[:len(sc.more)-1]
	sc.kind.settled(c)
	unix.SetsockoptLinger(c, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	unix.Close(c)
}

var accepting = both([]circumstance{
	{name: "a connection", meanwhile: dial, only: isConnection},
	{name: "a connection that is gone", meanwhile: all(dial, hangUp), only: isConnection},
	{name: "shut down RD", meanwhile: shut(true, unix.SHUT_RD), only: isConnection},
	{name: "shut down RDWR", meanwhile: shut(true, unix.SHUT_RDWR), only: isConnection},
}, circumstance{name: "nothing", only: isConnection}, listening)

var acceptingMore = []circumstance{
	{name: "a timeout", scene: listening, timeout: brief(), only: isConnection},
	{name: "a signal, and a connection", scene: listening, meanwhile: all(signals, dial), only: isConnection},
}

// dialing is for connects: fd is not connected, ln listens.
func dialing(k *kind) (*scene, error) {
	sc, err := k.listener()
	if err != nil {
		return nil, err
	}
	if sc.fd, err = k.caller(); err == nil {
		var dead int
		dead, sc.dead, err = k.bound()
		sc.more = append(sc.more, dead)
	}
	return sc.or(err)
}

// greetAndLeave accepts one connection and closes it at once. The descriptor is its own: the scene
// may end before the accept begins, and its numbers are those of other scenes then.
func greetAndLeave(sc *scene) {
	ln, err := unix.FcntlInt(uintptr(sc.ln), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return
	}
	go func() {
		defer unix.Close(ln)
		if c, _, err := unix.Accept(ln); err == nil {
			unix.Close(c)
		}
	}()
}

// crowd fills the backlog.
func crowd(sc *scene) {
	for range 3 {
		dial(sc)
	}
}

func closeListener(sc *scene) { closeOne(&sc.ln) }

func take(sc *scene) {
	for range 2 {
		if c, _, err := unix.Accept(sc.ln); err == nil {
			sc.more = append(sc.more, c)
		}
	}
}

func isUnixConnection(k *kind) bool { return k.connects && k.family == unix.AF_UNIX }

var connecting = []circumstance{
	{name: "a listener", scene: dialing, only: isConnection},
	{name: "accepted, and closed at once", scene: dialing, before: greetAndLeave, only: isConnection},
	{name: "no listener", scene: dialing, before: closeListener, only: isConnection},
	{name: "shut down before", scene: dialing, before: shut(true, unix.SHUT_RDWR), only: isTCP},
	{name: "backlog full", scene: dialing, before: crowd, only: isUnixConnection},
	{name: "backlog full, and drained", scene: dialing, before: crowd, meanwhile: take, only: isUnixConnection},
	{name: "backlog full, and listener closes", scene: dialing, before: crowd, meanwhile: closeListener,
		only: func(k *kind) bool { return isUnixConnection(k) || isTCP(k) }},
	{name: "backlog full, with a timeout", scene: dialing, before: crowd, timeout: brief(), only: func(k *kind) bool { return isUnixConnection(k) || isTCP(k) }},
	{name: "backlog full, and shut down RDWR", scene: dialing, before: crowd, meanwhile: shut(true, unix.SHUT_RDWR), only: isTCP},
	{name: "no route", scene: leading(noRoute), only: leadsOut},
	{name: "the network is unreachable, by ICMP", scene: beyondWith(netUnreachable), only: leadsOut},
	{name: "the host is unreachable, by ICMP", scene: beyondWith(hostUnreachable), only: leadsOut},
	{name: "the port is unreachable, by ICMP", scene: beyondWith(portUnreachable), only: leadsOut},
	{name: "prohibited, by ICMP", scene: beyondWith(prohibited), only: leadsOut},
	{name: "no answer", scene: beyondWith(silent), only: leadsOut},
	{name: "no answer, with a timeout", scene: beyondWith(silent), timeout: brief(), only: leadsOut},
	{name: "no answer, and shut down RDWR", scene: beyondWith(silent), meanwhile: shut(true, unix.SHUT_RDWR), only: leadsOut},
}
