# frozen_string_literal: true

require "etc"
require "socket"

module Midwatch
  # One spool file a process, one line a record, one raw write a line.
  #
  # No thread, lock, socket, buffer or exit hook: a fork, a kill or a full disk costs at most the
  # records of that moment, and how many were dropped is told in the next one that can be written.
  # Numbers go on over all files of a process, so that a hole among them is seen.
  class Spool
    FILE_BYTES_MAX = 16 * 1024 * 1024
    FILE_SECONDS_MAX = 3600
    # What one process may leave unread on the disk. Beyond it records are dropped and counted.
    UNREAD_BYTES_MAX = 64 * 1024 * 1024
    RECORD_BYTES_MAX = 128 * 1024
    CHECK_EVERY = 256
    RETRY_SECONDS = 5.0
    # A pipe or a link that somebody left under our name must neither block nor lead us astray.
    FLAGS = %i[CLOEXEC NOFOLLOW NONBLOCK].select { |name| File.const_defined?(name) }
                                         .reduce(File::WRONLY | File::APPEND | File::CREAT) { |flags, name| flags | File.const_get(name) }

    # Start time of a process in clock ticks since boot; with the pid it names it for ever.
    def self.process_start(pid = "self")
      File.binread("/proc/#{pid}/stat").rpartition(") ").last.split[19]
    rescue SystemCallError
      Process.clock_gettime(Process::CLOCK_REALTIME, :second).to_s
    end

    # Seconds since this process started. It counts the first file of a process, so that one which
    # replaces its program (and so keeps pid and start time) goes on behind its own earlier files.
    def self.process_age
      return 0 unless Process.const_defined?(:CLOCK_BOOTTIME)

      [Process.clock_gettime(Process::CLOCK_BOOTTIME) - process_start.to_i.fdiv(Etc.sysconf(Etc::SC_CLK_TCK)), 0].max.to_i
    end

    # Says why nothing may be opened now; counted like any error of the disk.
    class Refused < IOError; end

    # `source_text` is the source as it stands in a line, up to the number.
    attr_reader :host, :worker, :source, :source_text, :dropped, :left_out

    def initialize(directory, kind, host = nil)
      @directory = directory
      @kind = kind
      @host = host || Socket.gethostname
      reset
    end

    # This spool, as the process that calls sees it.
    def current
      reset if @pid != Process.pid
      self
    end

    # Goes on in another directory, or under another name of this host.
    def move(directory, host)
      @directory = directory
      @host = host || Socket.gethostname
      name_process
      @file = nil
      @retry_at = 0.0
    end

    # The number that the next record will have in this process.
    def next_sequence
      @sequence += 1
    end

    # Writes one JSON text; true when it is in the file. With `sync` it is on the disk as well.
    def append(json, sync: false)
      line = "\n#{json}\n"
      raise Refused, "record too long" if line.bytesize > RECORD_BYTES_MAX

      file = open_file
      raise IOError, "short write" if file.syswrite(line) != line.bytesize

      file.fsync if sync
      @written += line.bytesize
      true
    rescue SystemCallError, IOError
      @dropped += 1
      false
    end

    # Whether the last record went into a file, so that the next may as well.
    def open?
      !@file.nil?
    end

    # How many records were dropped since the last time this was asked.
    def take_dropped
      count = @dropped
      @dropped = 0
      count
    end

    # Counts a log line that was left out on purpose.
    def leave_out
      @left_out_since = Process.clock_gettime(Process::CLOCK_MONOTONIC) if @left_out.zero?
      @left_out += 1
    end

    # How many there were, if the first is as old as this.
    def take_left_out(seconds)
      return if Process.clock_gettime(Process::CLOCK_MONOTONIC) - @left_out_since < seconds

      count = @left_out
      @left_out = 0
      count
    end

    def restore_left_out(count)
      @left_out += count
    end

    # Puts back a count that could not be told after all.
    def restore_dropped(count)
      @dropped += count
    end

    private

    # The file is let go of, never closed: after a fork or a daemon's clean-up its number may
    # belong to somebody else.
    def reset
      @pid = Process.pid
      @start = Spool.process_start
      @first = @number = Spool.process_age
      @sequence = 0
      name_process
      @file&.autoclose = false if @file && !@file.closed?
      @file = nil
      @dropped = @left_out = 0
      @left_out_since = 0.0
      @written = 0
      @opened = 0.0
      @retry_at = 0.0
    end

    def name_process
      @worker = "#{@host}:#{@pid}:#{@start}"
      @source = "#{@kind}@#{@worker}/#{@first + 1}"
      @source_text = "\"source\":\"#{JsonLine.text(@source)}\",\"source_seq\":"
    end

    def open_file
      now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      file = @file
      return file if file && !stale?(file, now)

      # Let go of, not closed: another thread may be writing to it at this moment.
      @file = nil
      raise Refused, "spool closed for a while" if now < @retry_at

      begin
        raise Refused, "too much unread" if unread_bytes > UNREAD_BYTES_MAX

        open_next(now)
      rescue SystemCallError, IOError
        @retry_at = now + RETRY_SECONDS
        raise
      end
    end

    def stale?(file, now)
      return true if file.closed? || @written >= FILE_BYTES_MAX || now - @opened >= FILE_SECONDS_MAX

      (@sequence % CHECK_EVERY).zero? && file.stat.nlink.zero?
    rescue SystemCallError
      true
    end

    def open_next(now)
      file = File.new(path(@number + 1), FLAGS, 0o640)
      raise Refused, "no ordinary file" unless file.stat.file?

      @number += 1
      file.sync = true
      # A umask of 077 would shut the agent out.
      file.chmod(0o640)
      @written = 0
      @opened = now
      @file = file
    end

    def path(number)
      File.join(@directory, "#{@kind}-#{@pid}-#{@start}-#{number}.ndjson")
    end

    def unread_bytes
      ([@first + 1, @number - 63].max..@number).sum { |number| File.size?(path(number)) || 0 }
    end
  end
end
