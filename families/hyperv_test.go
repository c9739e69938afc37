package families_test

import (
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

const (
	hvParent  = "a42e7cda-d03f-480c-9cc2-a4de20abb878" // HV_GUID_PARENT
	hvService = "00000400-facb-11e6-bd58-64006a7986d3" // HV_GUID_VSOCK_TEMPLATE, port 1024
	hvZero    = "00000000-0000-0000-0000-000000000000" // HV_GUID_WILDCARD
	hvAll     = "ffffffff-ffff-ffff-ffff-ffffffffffff" // HV_GUID_BROADCAST
)

// hypervSockaddrs is <hvsocket.h> and <guiddef.h>:
//
//	typedef struct _SOCKADDR_HV { header; USHORT Reserved; GUID VmId, ServiceId; } SOCKADDR_HV;
//	typedef struct _GUID { unsigned long Data1; unsigned short Data2, Data3; unsigned char Data4[8]; } GUID;
var hypervSockaddrs = []sockaddrTest{
	{
		families.Windows, families.HyperV(hvParent, hvService),
		"2200 0000 da7c2ea4 3fd0 0c48 9cc2a4de20abb878 00040000 cbfa e611 bd5864006a7986d3",
	},
	{families.Windows, families.HyperV(hvZero, hvAll), "2200 0000" + zeros(16) + strings.Repeat("ff", 16)},
}

func TestHyperVSockaddr(t *testing.T) { testSockaddrs(t, hypervSockaddrs) } // item 215

func TestHyperVShort(t *testing.T) {
	testShort(t, "hyperv", map[*families.System]int{families.Windows: 36})
}

func TestHyperV(t *testing.T) { // item 215
	a := families.HyperV(strings.ToUpper(hvParent), strings.ToUpper(hvService))
	if vm, service := a.HyperV(); vm != hvParent || service != hvService || a != families.HyperV(hvParent, hvService) {
		t.Errorf("HyperV = %q, %q", vm, service)
	}
	if vm, service := families.HyperV("x", "yz").HyperV(); vm != "x" || service != "yz" {
		t.Errorf("of bad texts: %q, %q", vm, service)
	}
}

func TestHyperVRules(t *testing.T) { // item 215
	vm := `AF_HYPERV address vm_id is not a valid UUID string (got "`
	service := `AF_HYPERV address service_id is not a valid UUID string (got "`
	var tests []ruleTest
	for _, bad := range []string{
		"", "x", hvParent + "0", hvParent[1:], "{" + hvParent[1:35] + "}", strings.ReplaceAll(hvParent, "-", ""),
		"a42e7cda-d03f-480c-9cc2a-4de20abb878", "g42e7cda-d03f-480c-9cc2-a4de20abb878", hvParent[:35] + "\u00e9",
	} {
		tests = append(tests,
			ruleTest{"machine " + bad, families.Windows, families.HyperV(bad, hvService), families.ErrHyperVVM, vm + bad + `")`},
			ruleTest{"service " + bad, families.Windows, families.HyperV(hvParent, bad), families.ErrHyperVService, service + bad + `")`},
			ruleTest{"both " + bad, families.Windows, families.HyperV(bad, bad), families.ErrHyperVVM, vm + bad + `")`},
		)
	}
	testRules(t, tests)
}

func TestHyperVText(t *testing.T) {
	testTexts(t, []textTest{
		{"hyperv:" + hvParent + ":" + hvService, families.HyperV(hvParent, hvService), ""},
		{"hyperv:" + strings.ToUpper(hvParent) + ":" + hvZero, families.HyperV(hvParent, hvZero), "hyperv:" + hvParent + ":" + hvZero},
	})
	testTextErrors(t, []textErrorTest{
		{"hyperv:" + hvParent, families.ErrSyntax},
		{"hyperv::" + hvService, families.ErrHyperVVM},
		{"hyperv:" + hvParent + ":", families.ErrHyperVService},
		{"hyperv:" + hvParent + ":" + hvService + ":", families.ErrHyperVService},
	})
}
