package tlsrecord

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"io"
	"testing"
)

// The values of RFC 8448, section 3 (Simple 1-RTT Handshake), from the end of the handshake on.
const (
	traceClientSecret = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
	traceServerSecret = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"
	traceClientKey    = "17422dda596ed5d9acd890e3c63f5051"
	traceClientIV     = "5b78923dee08579033e523d9"
	traceServerKey    = "9f02283b6c9c07efc26bb9f2ac92e356"
	traceServerIV     = "cf782b88dd83549aadf1e984"
	traceTicket       = "040000c90000001efad6aac502000000b22c035d829359ee5ff7af4ec900000000262a6494dc486d2c8a34cb33fa90bf" +
		"1b0070ad3c498883c9367c09a2be785abc55cd226097a3a982117283f82a03a143efd3ff5dd36d64e861be7fd61d2827" +
		"db279cce145077d454a3664d4e6da4d29ee03725a6a4dafcd0fc67d2aea70529513e3da2677fa5906c5b3f7d8f92f228" +
		"bda40dda721470f9fbf297b5aea617646fac5c03272e970727c621a79141ef5f7de6505e5bfbc388e93343694093934a" +
		"e4d3570008002a000400000400"
	traceTicketRecord = "17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3d11d63c758db289a" +
		"015940252f55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e0" +
		"9c30ba1e62972ac46f75f7b981be63439b2999ce13064615139891d5e4c5b406f16e3fc181a77ca475840025db2f0a77" +
		"f81b5ab05b94c01346755f69232c86519d86cbeeac87aac347d143f9605d64f650db4d023e70e952ca49fe5137121c74" +
		"bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37bf15985684f"
	traceClientData = "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b" +
		"62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4"
	traceServerData = "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8" +
		"fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d"
	traceClientAlert = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3"
	traceServerAlert = "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// traceEnds are both ends of the trace.
func traceEnds(t testing.TB) (client, server *Conn) {
	t.Helper()
	c, s := unhex(t, traceClientSecret), unhex(t, traceServerSecret)
	client, err := New(&Params{Version: tls.VersionTLS13, Suite: tls.TLS_AES_128_GCM_SHA256, Client: true, In: s, Out: c})
	if err != nil {
		t.Fatal(err)
	}
	server, err = New(&Params{Version: tls.VersionTLS13, Suite: tls.TLS_AES_128_GCM_SHA256, In: c, Out: s})
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestTraceKeys(t *testing.T) {
	s := SuiteOf(tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256)
	for _, tt := range []struct{ secret, key, iv string }{
		{traceClientSecret, traceClientKey, traceClientIV},
		{traceServerSecret, traceServerKey, traceServerIV},
	} {
		key, iv, err := s.Keys13(unhex(t, tt.secret))
		if err != nil || hex.EncodeToString(key) != tt.key || hex.EncodeToString(iv) != tt.iv {
			t.Errorf("%x %x %v, want %s %s", key, iv, err, tt.key, tt.iv)
		}
	}
}

// Both ends make the records of the trace, byte by byte, and open those of the other.
func TestTraceRecords(t *testing.T) {
	client, server := traceEnds(t)
	data := make([]byte, 50)
	for i := range data {
		data[i] = byte(i)
	}
	made := func(what string, got []byte, err error, want string) {
		t.Helper()
		if err != nil || !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("%s: %x, %v, want %s", what, got, err, want)
		}
	}
	opened := func(what string, c *Conn, record string, want []byte, end error) {
		t.Helper()
		if got, err := c.Open(unhex(t, record)); !bytes.Equal(got, want) || err != end {
			t.Errorf("%s: %x, %v", what, got, err)
		}
	}

	ticket, err := server.record(nil, TypeHandshake, unhex(t, traceTicket))
	made("ticket", ticket, err, traceTicketRecord)
	opened("ticket", client, traceTicketRecord, nil, nil)

	record, err := client.Seal(nil, data)
	made("client's data", record, err, traceClientData)
	opened("client's data", server, traceClientData, data, nil)

	record, err = server.Seal(nil, data)
	made("server's data", record, err, traceServerData)
	opened("server's data", client, traceServerData, data, nil)

	record, err = client.CloseNotify(nil)
	made("client's close_notify", record, err, traceClientAlert)
	opened("client's close_notify", server, traceClientAlert, nil, io.EOF)

	record, err = server.CloseNotify(nil)
	made("server's close_notify", record, err, traceServerAlert)
	opened("server's close_notify", client, traceServerAlert, nil, io.EOF)
}
