// SPDX-License-Identifier: LGPL-2.1-or-later

// Go's net/smtp: a client for each connection, each in a goroutine. It is built
// without a module; see smtp-bench-client.c for the arguments.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const sender = "sender@example.org"

type options struct {
	host, address string
	n, conns      int
	fresh         bool
	tls           string
	config        *tls.Config
	path          string
	content       []byte // nil: the file is streamed
	recipients    []string
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// ---- options ----------------------------------------------------------------

func get(key, fallback string) string {
	for _, argument := range os.Args[1:] {
		if strings.HasPrefix(argument, key+"=") {
			return argument[len(key)+1:]
		}
	}
	return fallback
}

func number(key string, least int) int {
	value, _ := strconv.Atoi(get(key, "0"))
	if value < least {
		return least
	}
	return value
}

func tlsConfig(host string) *tls.Config {
	config := &tls.Config{ServerName: host}
	if ca := get("ca", ""); ca != "" {
		pem, err := os.ReadFile(ca)
		check(err)
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
	}
	return config
}

func (o *options) load() {
	var err error
	if o.path == "" {
		o.content = []byte("Subject: bench\r\n\r\nx\r\n")
	} else if number("stream", 0) == 0 {
		o.content, err = os.ReadFile(o.path)
		check(err)
	}
}

func readOptions() *options {
	o := &options{
		host:  get("host", "127.0.0.1"),
		n:     number("n", 1),
		conns: number("conns", 1),
		fresh: get("mode", "reuse") == "fresh",
		tls:   get("tls", "none"),
		path:  get("msg", ""),
	}
	o.address = net.JoinHostPort(o.host, get("port", "25"))
	if o.tls != "none" {
		o.config = tlsConfig(o.host)
	}
	for i := 0; i < number("rcpts", 1); i++ {
		o.recipients = append(o.recipients, fmt.Sprintf("user%d@example.net", i))
	}
	o.load()
	return o
}

// ---- sending ----------------------------------------------------------------

func (o *options) dial() net.Conn {
	var connection net.Conn
	var err error
	if o.tls == "implicit" {
		connection, err = tls.Dial("tcp", o.address, o.config)
	} else {
		connection, err = net.Dial("tcp", o.address)
	}
	check(err)
	return connection
}

func (o *options) open() *smtp.Client {
	client, err := smtp.NewClient(o.dial(), o.host)
	check(err)
	if o.tls == "starttls" {
		check(client.StartTLS(o.config))
	}
	return client
}

func (o *options) reader() io.ReadCloser {
	if o.content != nil {
		return io.NopCloser(bytes.NewReader(o.content))
	}
	file, err := os.Open(o.path)
	check(err)
	return file
}

// Close() of what Data() returns waits for the server's word.
func (o *options) send(client *smtp.Client) {
	check(client.Mail(sender))
	for _, recipient := range o.recipients {
		check(client.Rcpt(recipient))
	}
	writer, err := client.Data()
	check(err)
	reader := o.reader()
	_, err = io.Copy(writer, reader)
	check(err)
	check(writer.Close())
	reader.Close()
}

func (o *options) share(n int) {
	client := o.open()
	for i := 0; i < n; i++ {
		if o.fresh && i > 0 {
			check(client.Quit())
			client = o.open()
		}
		o.send(client)
	}
	check(client.Quit())
}

func (o *options) run() {
	done := make(chan bool)
	running := 0
	for i := 0; i < o.conns; i++ {
		n := o.n / o.conns
		if i < o.n%o.conns {
			n++
		}
		if n > 0 {
			running++
			go func() {
				o.share(n)
				done <- true
			}()
		}
	}
	for ; running > 0; running-- {
		<-done
	}
}

// ---- what it took -----------------------------------------------------------

func usage() (user, sys float64) {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()) / 1e9, float64(usage.Stime.Nano()) / 1e9
}

func main() {
	o := readOptions()
	user, sys := usage()
	begun := time.Now()
	o.run()
	wall := time.Since(begun).Seconds()
	userAfter, sysAfter := usage()
	fmt.Printf("RESULT wall=%.6f user=%.6f sys=%.6f sent=%d\n", wall, userAfter-user, sysAfter-sys, o.n)
}
