package vhci

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/polluxio/pollux/sock/bluetooth"
	"golang.org/x/sys/unix"
)

// An air is what controllers share.
type air struct {
	mu          sync.Mutex
	controllers []*Controller // immutable once they are all there
}

// A Controller is one adapter.
type Controller struct {
	air   *air
	file  *os.File
	ID    int     // hci0 is 0
	Addr  [6]byte // as on the wire: the last byte of the text first
	toSay chan []byte
	gone  chan struct{}

	voiceStatus uint8 // mu: of the packets of voice that reach its host, as PktStatus has it

	next  uint16           // mu: the next handle
	links map[uint16]*link // mu: by this side's handle
}

// A link is one side of a connection.
type link struct {
	at     *Controller
	handle uint16
	kind   byte
	peer   *link
}

// The kinds of links, as events have them.
const (
	linkSCO = 0
	linkACL = 1
)

// New makes two controllers that are up. Close takes both away.
//
// Errors: ENODEV or EAFNOSUPPORT on a kernel without vhci or Bluetooth; ENOENT without /dev/vhci.
func New() (near, far *Controller, err error) {
	control, err := unix.Socket(unix.AF_BLUETOOTH, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.BTPROTO_HCI)
	if err != nil {
		return nil, nil, os.NewSyscallError("socket", err)
	}
	defer unix.Close(control)
	a := &air{}
	for i := range 2 {
		c := &Controller{
			air: a, Addr: [6]byte{byte(i + 1), 0, 0, 0xaa, 0xbb, 0}, next: 1, links: make(map[uint16]*link),
			toSay: make(chan []byte, 1024), gone: make(chan struct{}),
		}
		if err := c.plugIn(); err != nil {
			a.close()
			return nil, nil, err
		}
		a.controllers = append(a.controllers, c)
	}
	for _, c := range a.controllers {
		go c.hear()
		go c.speak()
	}
	for _, c := range a.controllers {
		if err := c.bringUp(control); err != nil {
			a.close()
			return nil, nil, err
		}
	}
	return a.controllers[0], a.controllers[1], nil
}

// Close takes the controller and the other one away.
func (c *Controller) Close() { c.air.close() }

func (a *air) close() {
	for _, c := range a.controllers {
		c.file.Close()
	}
}

// plugIn makes the kernel's side of it.
func (c *Controller) plugIn() (err error) {
	if c.file, err = os.OpenFile("/dev/vhci", os.O_RDWR|unix.O_NONBLOCK, 0); err != nil {
		return err
	}
	// The answer to this is the number of the new controller: drivers/bluetooth/hci_vhci.c.
	const vendor, primary = bluetooth.HCI_VENDOR_PKT, 0
	b := make([]byte, 16)
	n := 0
	if _, err = c.file.Write([]byte{vendor, primary}); err == nil {
		n, err = c.file.Read(b)
	}
	if err == nil && (n != 4 || b[0] != vendor) {
		err = fmt.Errorf("/dev/vhci answered %x", b[:n])
	}
	if err != nil {
		c.file.Close()
		return err
	}
	c.ID = int(binary.LittleEndian.Uint16(b[2:]))
	return nil
}

// bringUp does what hciconfig up does, unless the kernel has done it by itself.
func (c *Controller) bringUp(control int) error {
	const hciDevUp = 0x400448c9 // _IOW('H', 201, int), <bluetooth/hci.h>
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); ; <-tick.C {
		err := unix.IoctlSetInt(control, hciDevUp, c.ID)
		if err == nil || err == unix.EALREADY {
			return nil
		}
		if err != unix.EBUSY || time.Now().After(end) { // busy: the kernel is at it
			return os.NewSyscallError("HCIDEVUP", err)
		}
	}
}

// Text is the address as text.
func (c *Controller) Text() string {
	var text []byte
	for i, b := range slices.Backward(c.Addr[:]) {
		text = append(text, "0123456789ABCDEF"[b>>4], "0123456789ABCDEF"[b&15])
		if i > 0 {
			text = append(text, ':')
		}
	}
	return string(text)
}

// SetVoiceStatus sets the status of the packets of voice that reach the host of c, as
// [bluetooth.HCIData] has it.
func (c *Controller) SetVoiceStatus(status byte) {
	c.air.mu.Lock()
	defer c.air.mu.Unlock()
	c.voiceStatus = status
}

// hear takes what the host sends.
func (c *Controller) hear() {
	defer close(c.gone)
	b := make([]byte, 4096)
	for {
		n, err := c.file.Read(b)
		if err != nil {
			return
		}
		p := slices.Clone(b[:n])
		c.air.mu.Lock()
		if cmd, err := bluetooth.DecodeHCICommand(p); err == nil {
			c.command(cmd.Opcode, cmd.Params)
		} else if d, err := bluetooth.DecodeHCIData(p); err == nil {
			c.data(d)
		}
		c.air.mu.Unlock()
	}
}

// speak gives the host what is due to it.
func (c *Controller) speak() {
	for {
		select {
		case p := <-c.toSay:
			c.file.Write(p)
		case <-c.gone:
			return
		}
	}
}

func (c *Controller) say(p []byte, err error) {
	if err != nil {
		panic(err) // a packet that is too long is this file's mistake
	}
	select {
	case c.toSay <- p:
	case <-c.gone:
	}
}

func (c *Controller) event(code byte, params ...byte) {
	c.say(bluetooth.AppendHCIEvent(nil, bluetooth.HCIEvent{Code: code, Params: params}))
}

// Events that are not answers.
const (
	connectionComplete      = 0x03
	connectionRequest       = 0x04
	disconnectionComplete   = 0x05
	remoteNameComplete      = 0x07
	readRemoteFeatures      = 0x0b
	readRemoteVersion       = 0x0c
	numberOfCompletePackets = 0x13
)

// complete answers a command that is done.
func (c *Controller) complete(op uint16, returned ...byte) {
	c.event(bluetooth.EVT_CMD_COMPLETE, slices.Concat([]byte{1, byte(op), byte(op >> 8), 0}, returned)...)
}

// pending answers a command whose end comes as another event.
func (c *Controller) pending(op uint16) {
	c.event(bluetooth.EVT_CMD_STATUS, 0, 1, byte(op), byte(op>>8))
}

// data goes through the air to the other side.
func (c *Controller) data(d bluetooth.HCIData) {
	l := c.links[d.Handle]
	if l == nil {
		return
	}
	const start, firstFlushable = 3, 2
	if d.Kind == bluetooth.HCI_ACLDATA_PKT {
		if d.Flags&start == 0 {
			d.Flags |= firstFlushable // as a first packet comes out of the air
		}
		c.event(numberOfCompletePackets, 1, byte(l.handle), byte(l.handle>>8), 1, 0)
	}
	if d.Kind == bluetooth.HCI_SCODATA_PKT {
		d.Flags = l.peer.at.voiceStatus
	}
	d.Handle = l.peer.handle
	l.peer.at.say(bluetooth.AppendHCIData(nil, d))
}

// other is the controller with that address.
func (a *air) other(addr []byte) *Controller {
	for _, c := range a.controllers {
		if slices.Equal(c.Addr[:], addr) {
			return c
		}
	}
	return nil
}

// page asks the controller with that address for a link.
func (c *Controller) page(addr []byte, kind byte) {
	if o := c.air.other(addr); o != nil && o != c {
		o.event(connectionRequest, slices.Concat(c.Addr[:], []byte{0, 0, 0, kind})...)
		return
	}
	const pageTimeout = 0x04
	c.event(connectionComplete, slices.Concat([]byte{pageTimeout, 0, 0}, addr, []byte{kind, 0})...)
}

// linkTo is a link of that kind to o, or nil.
func (c *Controller) linkTo(o *Controller, kind byte) *link {
	for _, l := range c.links {
		if l.kind == kind && l.peer.at == o {
			return l
		}
	}
	return nil
}

// join makes a link between c and o.
func (c *Controller) join(o *Controller, kind byte) {
	mine, theirs := &link{at: c, handle: c.next, kind: kind}, &link{at: o, handle: o.next, kind: kind}
	mine.peer, theirs.peer = theirs, mine
	for _, l := range []*link{mine, theirs} {
		l.at.next++
		l.at.links[l.handle] = l
		l.at.event(connectionComplete, slices.Concat([]byte{0, byte(l.handle), byte(l.handle >> 8)}, l.peer.at.Addr[:], []byte{kind, 0})...)
	}
}

// part ends a link, and the voice over it.
func (l *link) part(reason byte) {
	if l.kind == linkACL {
		if voice := l.at.linkTo(l.peer.at, linkSCO); voice != nil {
			voice.part(reason)
		}
	}
	const byLocalHost = 0x16
	for _, side := range []*link{l, l.peer} {
		why := reason
		if side == l {
			why = byLocalHost
		}
		delete(side.at.links, side.handle)
		side.at.event(disconnectionComplete, 0, byte(side.handle), byte(side.handle>>8), why)
	}
}

// Features are those of Bluetooth 1.2 that it claims: packets of 3 and 5 slots, and SCO.
var Features = []byte{0x03, 0x08, 0, 0, 0, 0, 0, 0}

// answers are those to the commands that only ask.
var answers = map[uint16][]byte{
	0x0c14: make([]byte, 248),         // read local name
	0x0c19: {1},                       // read scan enable
	0x0c23: {0, 0, 0},                 // read class of device
	0x0c25: {0x60, 0},                 // read voice setting: CVSD of 16 bits
	0x0c38: {1},                       // read number of supported IAC
	0x0c39: {0, 0, 0},                 // read current IAC LAP
	0x1001: {2, 0, 0, 2, 0, 0, 0, 0},  // read local version: 1.2
	0x1002: commands,                  // read local supported commands
	0x1003: Features,                  // read local supported Features
	0x1005: {0xfd, 3, 64, 8, 0, 8, 0}, // read buffer size: 1021 bytes of data and 64 of voice, 8 packets of each
}

// commands claims that of reading the voice setting, without which Linux 6.12 does no SCO.
var commands = func() []byte {
	b := make([]byte, 64)
	b[9] = 1 << 2
	return b
}()

// command does what the host wants.
func (c *Controller) command(op uint16, p []byte) {
	if answer, ok := answers[op]; ok {
		c.complete(op, answer...)
		return
	}
	switch op {
	case 0x0405: // create connection
		c.pending(op)
		c.page(p[:6], linkACL)
	case 0x0406: // disconnect
		c.pending(op)
		if l := c.links[binary.LittleEndian.Uint16(p)]; l != nil {
			l.part(p[2])
		}
	case 0x0407: // add SCO connection
		c.pending(op)
		if l := c.links[binary.LittleEndian.Uint16(p)]; l != nil {
			c.page(l.peer.at.Addr[:], linkSCO)
		}
	case 0x0409: // accept connection request
		c.pending(op)
		if o := c.air.other(p[:6]); o != nil {
			kind := byte(linkACL)
			if c.linkTo(o, linkACL) != nil {
				kind = linkSCO // there is one of data already
			}
			c.join(o, kind)
		}
	case 0x040a: // reject connection request
		c.pending(op)
		if o := c.air.other(p[:6]); o != nil {
			o.event(connectionComplete, slices.Concat([]byte{p[6], 0, 0}, c.Addr[:], []byte{linkACL, 0})...)
			c.event(connectionComplete, slices.Concat([]byte{p[6], 0, 0}, o.Addr[:], []byte{linkACL, 0})...)
		}
	case 0x0419: // remote name request
		c.pending(op)
		c.event(remoteNameComplete, slices.Concat([]byte{0}, p[:6], make([]byte, 248))...)
	case 0x041b: // read remote supported Features
		c.pending(op)
		c.event(readRemoteFeatures, slices.Concat([]byte{0, p[0], p[1]}, Features)...)
	case 0x041d: // read remote version information
		c.pending(op)
		c.event(readRemoteVersion, 0, p[0], p[1], 1, 0, 0, 0, 0)
	case 0x080d: // write link policy settings
		c.complete(op, p[0], p[1])
	case 0x1009: // read address
		c.complete(op, c.Addr[:]...)
	default:
		c.complete(op)
	}
}
