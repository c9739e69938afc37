package bluetooth_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/bluetooth"
)

// An HCICommand as a socket of BTPROTO_HCI sends it.
func ExampleHCICommand() {
	reset := bluetooth.HCICommand{Opcode: bluetooth.HCIOpcode(3, 3)}
	p, err := bluetooth.AppendHCICommand(nil, reset)
	if err != nil {
		log.Fatal(err)
	}
	c, err := bluetooth.DecodeHCICommand(p)
	fmt.Printf("% x %#x %v\n", p, c.Opcode, err)
	// Output: 01 03 0c 00 0xc03 <nil>
}

// A filter for a socket of HCI_CHANNEL_RAW that waits for the end of commands. A new socket
// receives nothing.
func ExampleHCIFilter() {
	const commandComplete, commandStatus = 0x0e, 0x0f
	f := bluetooth.HCIFilter{}.Type(bluetooth.HCI_EVENT_PKT).Event(commandComplete, commandStatus)
	fmt.Printf("%#x %#x\n", f.TypeMask, f.EventMask)
	// Output: 0x10 [0xc000 0x0]
}

// The data of a connection, and a packet that was cut.
func ExampleHCIData() {
	p, err := bluetooth.AppendHCIData(nil, bluetooth.HCIData{Kind: bluetooth.HCI_ACLDATA_PKT, Handle: 42, Flags: 2, Data: []byte("hi")})
	if err != nil {
		log.Fatal(err)
	}
	d, err := bluetooth.DecodeHCIData(p)
	fmt.Println(d.Handle, string(d.Data), err)
	_, err = bluetooth.DecodeHCIData(p[:len(p)-1])
	var cut *bluetooth.PacketError
	fmt.Println(errors.As(err, &cut), cut.Have, cut.Want)
}

// A message of HCI_CHANNEL_CONTROL asks the kernel for its list of controllers.
func ExampleHCIMessage() {
	const readIndexList, noIndex = 3, 0xffff
	p, err := bluetooth.AppendHCIMessage(nil, bluetooth.HCIMessage{Opcode: readIndexList, Index: noIndex})
	fmt.Printf("% x %v\n", p, err)
	// Output: 03 00 ff ff 00 00 <nil>
}

// The controllers of this host.
func ExampleHCIDevice() {
	devices, err := bluetooth.HCIDevices()
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range devices {
		fmt.Println(d.Name, d.Addr, d.Up(), d.ACLMTU)
	}
}

// A server of L2CAP that wants encrypted connections and larger messages.
func ExampleL2CAPOptions() {
	s, err := sock.New(sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	o, err := bluetooth.GetL2CAPOptions(s)
	if err != nil {
		log.Fatal(err)
	}
	o.IMTU = 4096
	if err := bluetooth.SetL2CAPOptions(s, o); err != nil {
		log.Fatal(err)
	}
	if err := bluetooth.SetSecurity(s, bluetooth.Security{Level: sock.BT_SECURITY_MEDIUM}); err != nil {
		log.Fatal(err)
	}
	if err := s.Bind(sock.L2CAP(sock.BDADDR_ANY, 0x1001, 0, sock.BDADDR_BREDR)); err != nil {
		log.Fatal(err)
	}
	if err := s.Listen(5); err != nil {
		log.Fatal(err)
	}
	c, _, err := s.Accept()
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	info, err := bluetooth.GetConnInfo(c)
	fmt.Println(info.Handle, info.DevClass, err)
}
