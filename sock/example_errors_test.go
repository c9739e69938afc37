package sock_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/polluxio/pollux/sock"
)

// An argument that breaks a rule is an ArgError. The program tests for the kind and not for the
// text.
func ExampleArgError() {
	s, err := sock.New(-1, -1, -1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	err = s.SetKeepAlive(sock.KeepAlive{On: true, Idle: 100 * time.Hour})
	var bad *sock.ArgError
	fmt.Println(errors.As(err, &bad), bad.Arg, bad.Kind == sock.ArgRange, errors.Is(err, sock.ArgRange))
	// Output: true idle true true
}

// With AllErrors, the error of a connection has the errors of all tries.
func ExampleExceptionGroup() {
	closed, err := sock.Listen("tcp:127.0.0.1:0", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	at, err := closed.Getsockname()
	closed.Close()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = sock.CreateConnection("127.0.0.1", at.Port(), &sock.ConnectionConfig{AllErrors: true})
	var all *sock.ExceptionGroup
	fmt.Println(errors.As(err, &all), len(all.Errors))
	// Output: true 1
}

// A GaiError says why a host was not found, by the codes of getaddrinfo(3). It is a *net.DNSError
// too.
func ExampleGaiError() {
	_, err := sock.Getaddrinfo(context.Background(), "not a name", "80", &sock.Hints{Flags: sock.AI_NUMERICHOST})
	var gai *sock.GaiError
	var dns *net.DNSError
	fmt.Println(errors.As(err, &gai), gai.Code == sock.EAI_NONAME, errors.As(err, &dns))
	// Output: true true true
}

// A host without a name is an HError.
func ExampleHError() {
	_, err := sock.GethostbynameEx(context.Background(), "") // "" is 0.0.0.0, which has no name
	var h *sock.HError
	fmt.Println(errors.As(err, &h))
	// Output: true
}

// A kind of socket that the system lacks is an UnsupportedError, which says what is missing.
// KnownSockets has every kind, on every system.
func ExampleUnsupportedError() {
	kinds := slices.DeleteFunc(sock.KnownSockets(), func(k sock.KnownSocket) bool {
		return slices.Contains(strings.Fields(k.Systems), runtime.GOOS)
	})
	for _, k := range kinds[:1] {
		s, err := k.New()
		if err == nil {
			s.Close()
		}
		var lacks *sock.UnsupportedError
		fmt.Println(errors.As(err, &lacks), errors.Is(err, errors.ErrUnsupported), lacks.Missing != "")
	}
	// Output: true true true
}
