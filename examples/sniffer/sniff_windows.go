package main

import (
	"context"
	"fmt"
	"io"

	"github.com/polluxio/pollux/sock"
)

// sniff prints one packet.
func sniff(w io.Writer) error {
	name, err := sock.Gethostname()
	if err != nil {
		return err
	}
	host, err := sock.Gethostbyname(context.Background(), name) // the public network interface
	if err != nil {
		return err
	}
	s, err := sock.New(sock.AF_INET, sock.SOCK_RAW, sock.IPPROTO_IP)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Bind(sock.Inet(host, 0)); err != nil {
		return err
	}
	if err := s.Setsockopt(sock.IPPROTO_IP, sock.IP_HDRINCL, 1); err != nil { // packets with their IP headers
		return err
	}
	if _, err := s.Ioctl(sock.SIO_RCVALL, sock.RCVALL_ON); err != nil {
		return err
	}
	defer s.Ioctl(sock.SIO_RCVALL, sock.RCVALL_OFF)
	packet, from, err := s.Recvfrom(65565, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%q from %v\n", packet, from)
	return err
}
