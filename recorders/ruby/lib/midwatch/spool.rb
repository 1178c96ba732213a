# frozen_string_literal: true

require "socket"

module Midwatch
  # One spool file a process, one line a record, one raw write a line.
  #
  # No thread, lock, socket, buffer or exit hook: a fork, a kill or a full disk costs at most the
  # records of that moment, and how many were dropped is told in the next one that can be written.
  class Spool
    FILE_BYTES_MAX = 16 * 1024 * 1024
    FILE_SECONDS_MAX = 3600
    # What one process may leave unread on the disk. Beyond it records are dropped and counted.
    UNREAD_BYTES_MAX = 64 * 1024 * 1024
    RECORD_BYTES_MAX = 128 * 1024
    CHECK_EVERY = 256
    RETRY_SECONDS = 5.0
    FLAGS = File::WRONLY | File::APPEND | File::CREAT | (File.const_defined?(:CLOEXEC) ? File::CLOEXEC : 0)

    # Start time of this process in clock ticks since boot; with the pid it names it for ever.
    def self.process_start
      File.binread("/proc/self/stat").rpartition(") ").last.split[19]
    rescue SystemCallError
      Process.clock_gettime(Process::CLOCK_REALTIME, :second).to_s
    end

    attr_reader :host, :worker, :source, :dropped

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

    # The number that the next record will have in this process.
    def next_sequence
      @sequence += 1
    end

    # Writes one JSON text; true when it is in the file. With `sync` it is on the disk as well.
    def append(json, sync: false)
      line = "\n#{json}\n"
      raise IOError, "record too long" if line.bytesize > RECORD_BYTES_MAX

      file = open_file
      raise IOError, "short write" if file.syswrite(line) != line.bytesize

      file.fsync if sync
      @written += line.bytesize
      true
    rescue SystemCallError, IOError
      @dropped += 1
      false
    end

    def dropped?
      @dropped.positive? && !@file.nil?
    end

    # How many records were dropped since the last time this was asked.
    def take_dropped
      count = @dropped
      @dropped = 0
      count
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
      @worker = "#{@host}:#{@pid}:#{@start}"
      @source = "#{@kind}@#{@worker}"
      @file&.autoclose = false if @file && !@file.closed?
      @file = nil
      @number = 0
      @sequence = 0
      @dropped = 0
      @written = 0
      @opened = 0.0
      @retry_at = 0.0
    end

    def open_file
      now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      if @file
        return @file unless stale?(now)

        close_file
      end
      raise IOError, "spool closed for a while" if now < @retry_at

      begin
        raise IOError, "too much unread" if unread_bytes > UNREAD_BYTES_MAX

        open_next(now)
      rescue SystemCallError, IOError
        @retry_at = now + RETRY_SECONDS
        raise
      end
    end

    def stale?(now)
      return true if @file.closed? || @written >= FILE_BYTES_MAX || now - @opened >= FILE_SECONDS_MAX

      (@sequence % CHECK_EVERY).zero? && @file.stat.nlink.zero?
    rescue SystemCallError
      true
    end

    def open_next(now)
      @number += 1
      @file = File.new(path(@number), FLAGS, 0o640)
      @file.sync = true
      # A umask of 077 would shut the agent out.
      @file.chmod(0o640)
      @written = 0
      @opened = now
      @file
    end

    def close_file
      @file.close unless @file.closed?
    rescue SystemCallError
      nil
    ensure
      @file = nil
    end

    def path(number)
      File.join(@directory, "#{@kind}-#{@pid}-#{@start}-#{number}.ndjson")
    end

    def unread_bytes
      ([1, @number - 63].max..@number).sum { |number| File.size?(path(number)) || 0 }
    end
  end
end
