package names

import (
	"slices"
	"strconv"
	"strings"
)

// A Service is one line of the services file.
type Service struct {
	Name  string
	Port  uint16
	Proto string
}

// ServiceNamed returns the first service with that name or alias and with that protocol; "" is any.
func ServiceNamed(name, proto string) (Service, bool) {
	return findService(proto, func(s Service, aliases []string) bool { return s.Name == name || slices.Contains(aliases, name) })
}

// ServiceAt returns the first service at that port with that protocol; "" is any.
func ServiceAt(port uint16, proto string) (Service, bool) {
	return findService(proto, func(s Service, _ []string) bool { return s.Port == port })
}

// findService returns the first service for which is returns true, with that protocol; "" is any.
func findService(proto string, is func(s Service, aliases []string) bool) (Service, bool) {
	for words := range entries(servicesFile(), commonServices) {
		port, p, _ := strings.Cut(words[1], "/")
		n, err := strconv.ParseUint(port, 10, 16)
		s := Service{words[0], uint16(n), p}
		if err == nil && p != "" && (proto == "" || proto == p) && is(s, words[2:]) {
			return s, true
		}
	}
	return Service{}, false
}

// ProtocolNumber returns the number of the protocol with that name or alias.
func ProtocolNumber(name string) (int, bool) {
	for words := range entries(protocolsFile(), commonProtocols) {
		number, err := strconv.ParseUint(words[1], 10, 31)
		if err == nil && (words[0] == name || slices.Contains(words[2:], name)) {
			return int(number), true
		}
	}
	return 0, false
}

// commonServices is the table for a system without the file, such as a small container.
const commonServices = `
echo 7/tcp
echo 7/udp
discard 9/tcp sink null
discard 9/udp sink null
daytime 13/tcp
daytime 13/udp
chargen 19/tcp ttytst source
chargen 19/udp ttytst source
ftp-data 20/tcp
ftp 21/tcp
ssh 22/tcp
telnet 23/tcp
smtp 25/tcp mail
time 37/tcp timserver
time 37/udp timserver
whois 43/tcp nicname
domain 53/tcp
domain 53/udp
bootps 67/udp
bootpc 68/udp
tftp 69/udp
finger 79/tcp
http 80/tcp www
kerberos 88/tcp kerberos5 krb5 kerberos-sec
kerberos 88/udp kerberos5 krb5 kerberos-sec
pop3 110/tcp pop-3
sunrpc 111/tcp portmapper
sunrpc 111/udp portmapper
nntp 119/tcp readnews untp
ntp 123/udp
imap2 143/tcp imap
snmp 161/tcp
snmp 161/udp
snmp-trap 162/tcp snmptrap
snmp-trap 162/udp snmptrap
ldap 389/tcp
ldap 389/udp
https 443/tcp
https 443/udp
submissions 465/tcp ssmtp smtps urd
syslog 514/udp
submission 587/tcp
ldaps 636/tcp
ldaps 636/udp
domain-s 853/tcp
domain-s 853/udp
ftps-data 989/tcp
ftps 990/tcp
imaps 993/tcp
pop3s 995/tcp
socks 1080/tcp
ms-sql-s 1433/tcp
mysql 3306/tcp
ms-wbt-server 3389/tcp
sip 5060/tcp
sip 5060/udp
sip-tls 5061/tcp
sip-tls 5061/udp
xmpp-client 5222/tcp jabber-client
mdns 5353/udp
postgresql 5432/tcp postgres
amqp 5672/tcp
http-alt 8080/tcp webcache
`

const commonProtocols = `
ip 0 IP
icmp 1 ICMP
igmp 2 IGMP
ipencap 4 IP-ENCAP
tcp 6 TCP
egp 8 EGP
udp 17 UDP
dccp 33 DCCP
ipv6 41 IPv6
rsvp 46 RSVP
gre 47 GRE
esp 50 IPSEC-ESP
ah 51 IPSEC-AH
ipv6-icmp 58 IPv6-ICMP
ospf 89 OSPFIGP
pim 103 PIM
vrrp 112 VRRP
l2tp 115 L2TP
sctp 132 SCTP
udplite 136 UDPLite
`
