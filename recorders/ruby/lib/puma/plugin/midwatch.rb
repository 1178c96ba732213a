# frozen_string_literal: true

# `plugin :midwatch` in config/puma.rb: how busy the server is, and the life and death of its workers.
require "puma/plugin"
require "midwatch/recording"
require "midwatch/puma_watch"

Puma::Plugin.create do
  def config(dsl)
    Midwatch.safely { Midwatch::PumaWatch.hook_workers(dsl) }
  end

  def start(launcher)
    watch = Midwatch.safely { Midwatch::PumaWatch.new(launcher) }
    return unless watch

    Midwatch.safely { watch.hook }
    in_background { watch.keep_telling }
  end
end
