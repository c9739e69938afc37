// Peers serves HTTP/1.1 with other people's libraries, for "bench http", which builds and starts
// it. Each server is set up as its own examples do, and answers with the path of the request.
//
//	peers gnet-http           gnet with the parser wildcat
//	peers fasthttp-net        fasthttp on package net
//	peers fasthttp-netconn    fasthttp on package netconn
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/valyala/fasthttp"
)

func main() {
	servers := map[string]func() error{
		"gnet-http":        serveGnet,
		"fasthttp-net":     func() error { return serveFast(net.Listen("tcp", "127.0.0.1:0")) },
		"fasthttp-netconn": func() error { return serveFast(netconn.Listen("tcp", "127.0.0.1:0")) },
	}
	if len(os.Args) != 2 || servers[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: peers gnet-http|fasthttp-net|fasthttp-netconn")
		os.Exit(2)
	}
	if err := servers[os.Args[1]](); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func announce(a net.Addr) { fmt.Println("listening on", a) }

// processors is the number of event loops of a server that has any.
func processors() int { return runtime.GOMAXPROCS(0) }

func serveFast[L net.Listener](ln L, err error) error {
	if err != nil {
		return err
	}
	announce(ln.Addr())
	s := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("text/plain")
		ctx.Write(ctx.Path()) // into memory: cannot fail
	}}
	return s.Serve(ln)
}
