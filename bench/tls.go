package main

import (
	"bufio"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/polluxio/pollux/internal/selfsigned"
)

// bench tls compares servers of a TLS echo: the CPU of a message, and the memory of an idle
// connection. The first of tlsServers is package net with crypto/tls.
//
// The clients are crypto/tls in this process. All servers are up at once and are loaded in turn, in
// short slices.

// tlsServers are the ways to serve: each is a process of its own. "floor" is for Linux only, and
// not measured unless -servers names it.
var tlsServers = []string{"net", "goroutine", "task", "callback", "compact"}

func tlsBench(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("bench tls", flag.ContinueOnError)
	conns := fs.Int("conns", 100, "connections of each server")
	size := fs.Int("size", 64, "bytes of a message")
	slice := fs.Duration("slice", 300*time.Millisecond, "how long a server is loaded at a time")
	cycles := fs.Int("cycles", 15, "how often each is loaded")
	idle := fs.Int("idle", 0, "measure the memory of so many idle connections, and no messages")
	which := fs.String("servers", strings.Join(tlsServers, ","), "which servers; the first is what the others are compared to")
	procs := fs.Int("procs", 1, "GOMAXPROCS of the servers")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	var servers []*tlsServer
	defer func() {
		for _, s := range servers {
			s.end()
		}
	}()
	for name := range strings.SplitSeq(*which, ",") {
		s, err := startTLSServer(name, *procs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		servers = append(servers, s)
	}
	if *idle > 0 {
		return tlsIdle(servers, *idle, *size, stdout)
	}
	for _, s := range servers {
		if err := s.dial(*conns, *size); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for range *cycles {
		for _, s := range servers {
			if err := s.load(*slice); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "server\tCPU us a message\tratio to the first")
	for _, s := range servers {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.name, quartilesOf(s.cost).full(1), quartilesOf(ratios(s.cost, servers[0].cost)).full(2))
	}
	return t.Flush()
}

// tlsIdle measures the memory that idle connections take, after one message each.
func tlsIdle(servers []*tlsServer, n, size int, stdout io.Writer) error {
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "server\tresident B a connection\theap B\tratio to the first")
	var first float64
	for _, s := range servers {
		if err := s.dial(20, size); err != nil { // pools and tables
			return fmt.Errorf("%s: %w", s.name, err)
		}
		_, resident, heap, err := s.ask("memory")
		if err != nil {
			return err
		}
		if err := s.dial(n, size); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		_, resident2, heap2, err := s.ask("memory")
		if err != nil {
			return err
		}
		each := float64(resident2-resident) / float64(n)
		if first == 0 {
			first = each
		}
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.2f\n", s.name, each, float64(heap2-heap)/float64(n), each/first)
		s.end()
	}
	return t.Flush()
}

// A tlsServer is a server's process and the connections to it.
type tlsServer struct {
	name  string
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	addr  string
	conns []*tls.Conn
	text  []byte
	cost  []float64 // us of CPU a message, of each slice
}

func startTLSServer(name string, procs int) (*tlsServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &tlsServer{name: name, cmd: exec.Command(self, "tlsserver", name)}
	s.cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", procs))
	s.cmd.Stderr = os.Stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := s.out.ReadString('\n')
	s.addr = strings.TrimSpace(line)
	return s, err
}

func (s *tlsServer) end() {
	for _, c := range s.conns {
		c.NetConn().Close()
	}
	s.conns = nil
	s.in.Close()
	s.cmd.Wait()
}

// dial opens n more connections, with one echo each.
func (s *tlsServer) dial(n, size int) error {
	s.text = make([]byte, size)
	for range n {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			return err
		}
		tc := tls.Client(c, &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519}})
		s.conns = append(s.conns, tc)
		if err := s.echo(tc); err != nil {
			return err
		}
	}
	return nil
}

// echo sends the text and waits for it.
func (s *tlsServer) echo(c *tls.Conn) error {
	if _, err := c.Write(s.text); err != nil {
		return err
	}
	_, err := io.ReadFull(c, s.text)
	return err
}

// load sends one message on each connection, and then reads the answers, until the time is over.
func (s *tlsServer) load(d time.Duration) error {
	before, _, _, err := s.ask("cpu")
	if err != nil {
		return err
	}
	messages := 0
	for end := time.Now().Add(d); time.Now().Before(end); {
		for _, c := range s.conns {
			if _, err := c.Write(s.text); err != nil {
				return err
			}
		}
		for _, c := range s.conns {
			if _, err := io.ReadFull(c, s.text); err != nil {
				return err
			}
			messages++
		}
	}
	after, _, _, err := s.ask("cpu")
	s.cost = append(s.cost, us(after-before)/float64(messages))
	return err
}

// ask returns what the server has used: CPU, and, for "memory", bytes of resident memory and of
// heap.
func (s *tlsServer) ask(what string) (cpu time.Duration, resident, heap int64, err error) {
	if _, err := fmt.Fprintln(s.in, what); err != nil {
		return 0, 0, 0, err
	}
	_, err = fmt.Fscanln(s.out, &cpu, &resident, &heap)
	return cpu, resident, heap, err
}

// tlsConfig is the servers'.
func tlsConfig() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{selfsigned.Certificate()}, SessionTicketsDisabled: true}
}

// tlsServerProgram is a server: it prints its address, and answers each line of its input.
func tlsServerProgram(args []string, stdout, stderr io.Writer) error {
	if len(args) != 1 {
		return usageError("tlsserver: want one of " + strings.Join(tlsServers, ", "))
	}
	cfg := tlsConfig()
	var addr string
	var err error
	switch args[0] {
	case "net":
		addr, err = tlsNet(cfg)
	case "floor":
		addr, err = tlsFloor(cfg)
	default:
		addr, err = tlsPollux(args[0], cfg)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, addr)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		cpu, resident, heap, err := usage(in.Text() == "memory")
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, int64(cpu), resident, heap)
	}
	return nil
}

// tlsNet serves by package net and a goroutine for each connection.
func tlsNet(cfg *tls.Config) (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go echoOn(tls.Server(c, cfg))
		}
	}()
	return ln.Addr().String(), nil
}

// echoOn sends back what comes. Its buffer is small, and on the stack: what is measured is TLS.
func echoOn(c io.ReadWriteCloser) {
	defer c.Close()
	var p [512]byte
	for {
		n, err := c.Read(p[:])
		if err != nil {
			return
		}
		if _, err := c.Write(p[:n]); err != nil {
			return
		}
	}
}

func init() {
	addPart(part{Name: "tls", About: "TLS echo: CPU per message and memory of idle connections beside crypto/tls on net", Command: tlsBench, Order: 80})
}
