# frozen_string_literal: true

module Midwatch
  # Who or what asks for a run, where no request and no run does: how the program was started.
  module Actor
    module_function

    def current
      Context.current&.asker || (@program ||= program)
    end

    def program
      return "console: #{ENV["SUDO_USER"] || ENV["USER"] || "unknown"}" if defined?(::Rails::Console)
      return "rails runner" if defined?(::Rails::Command::RunnerCommand)

      # Servers put their address behind their name.
      name = File.basename($PROGRAM_NAME.to_s[/\A\S*/].chomp(":"))
      tasks = name == "rake" && defined?(::Rake) ? ::Rake.application.top_level_tasks.map { |task| task[/\A[\w:.-]+/] } : []
      ([name] + tasks.compact.first(3)).join(" ")
    end
  end
end
