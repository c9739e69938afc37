package interop

import (
	"fmt"
	"testing"

	"github.com/valyala/fasthttp"
)

// fasthttp leaves goroutines of its own running, and so nothing is counted.
func TestFastHTTP(t *testing.T) {
	ln := listen(t)
	s := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		fmt.Fprintf(ctx, "%s %d", ctx.Path(), len(ctx.Request.Body()))
	}}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	client := &fasthttp.Client{Dial: dial}
	must(t, each(20, func(i int) error {
		req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(req)
		defer fasthttp.ReleaseResponse(res)
		for j := range 50 {
			req.SetRequestURI(fmt.Sprintf("http://%s/%d", ln.Addr(), j))
			req.Header.SetMethod("POST")
			req.SetBody(make([]byte, i*j*100))
			if err := client.DoTimeout(req, res, patience); err != nil {
				return err
			}
			if want := fmt.Sprintf("/%d %d", j, i*j*100); string(res.Body()) != want {
				return fmt.Errorf("%q, want %q", res.Body(), want)
			}
		}
		return nil
	}))
	client.CloseIdleConnections()
	must(t, s.ShutdownWithContext(background(t)))
	must(t, <-served)
}
