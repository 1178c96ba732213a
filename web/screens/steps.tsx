/** What to type so that an application is recorded: in the application, here, and on its hosts. */
import type { JSX } from "preact";
import { CopyBlock } from "../parts/copy.tsx";

const gemLines = `gem "midwatch"`;
const configureLines = `Midwatch.configure do |config|
  config.service = "shop"
  config.environment = Rails.env
  config.release = ENV["GIT_SHA"]
end`;
const keyLine = "bin/midwatch keys add web-1 --scope send > midwatch.key";

export function Steps(): JSX.Element {
  return (
    <ol class="steps">
      <li>
        <p>
          In the application's <span class="mono">Gemfile</span>, and in{" "}
          <span class="mono">config/initializers/midwatch.rb</span>:
        </p>
        <CopyBlock name="the gem's line" text={gemLines} />
        <CopyBlock name="the configuration" text={configureLines} />
      </li>
      <li>
        <p>A key for each host that sends, made where this server runs:</p>
        <CopyBlock name="the command that makes a key" text={keyLine} />
      </li>
      <li>
        <p>On that host, the agent, which ships what the application recorded:</p>
        <CopyBlock
          name="the command that starts the agent"
          text={`bin/midwatch agent --server ${location.origin} --key-file midwatch.key`}
        />
      </li>
    </ol>
  );
}
