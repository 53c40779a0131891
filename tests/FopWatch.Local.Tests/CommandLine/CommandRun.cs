using System.Text;
using System.Text.RegularExpressions;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>A run of the command line in this process: its output, also while it runs, and its exit code.</summary>
internal sealed class CommandRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _interrupt = new();
    private readonly Task<int> _exit;

    private CommandRun(string[] args, byte[] input, TimeProvider time, bool isLive, int width = 160)
    {
        var terminal = new Terminal(() => new MemoryStream(input), Output, Error, time, isLive, isLive) { CanAsk = isLive && input.Length > 0 };
        if (isLive)
        {
            // The output for a terminal with every capability.
            terminal.Resize(width);
            terminal.Console.Profile.Capabilities.Ansi = true;
        }

        _exit = Task.Run(() => Cli.RunAsync(args, terminal, _interrupt.Token));
    }

    public Written Output { get; } = new();

    public Written Error { get; } = new();

    public static CommandRun Start(string[] args, TimeProvider? time = null) => new(args, [], time ?? TimeProvider.System, isLive: false);

    public static CommandRun StartLive(string[] args, int width) => new(args, [], TimeProvider.System, isLive: true, width);

    /// <summary>The text that a terminal shows, without colour sequences.</summary>
    public static string Plain(string written) => Regex.Replace(written, "\u001b\\[[0-9;?]*[A-Za-z]", "").ReplaceLineEndings("\n");

    /// <summary>Runs a command against a host and waits for its end.</summary>
    public static Task<(int Exit, string Output, string Error)> RunAsync(RunningHost host, params string[] args) =>
        RunAsync([.. args, "--url", host.Host.Url.AbsoluteUri]);

    /// <summary>Runs a command and waits for its end.</summary>
    public static Task<(int Exit, string Output, string Error)> RunAsync(string[] args, string input = "", bool isLive = false) =>
        RunAsync(args, Encoding.UTF8.GetBytes(input), isLive);

    /// <summary>Runs a command and waits for its end.</summary>
    public static async Task<(int Exit, string Output, string Error)> RunAsync(string[] args, byte[] input, bool isLive)
    {
        await using var run = new CommandRun(args, input, TimeProvider.System, isLive);
        return (await run.ExitAsync(), run.Output.ToString(), run.Error.ToString());
    }

    public Task<int> ExitAsync() => _exit.WaitAsync(Patience, TestContext.Current.CancellationToken);

    /// <summary>Sends Ctrl-C.</summary>
    public void Interrupt() => _interrupt.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _interrupt.CancelAsync();
        await _exit.WaitAsync(Patience);
        _interrupt.Dispose();
    }

    /// <summary>The output so far.</summary>
    internal sealed class Written : TextWriter
    {
        private readonly StringBuilder _text = new();
        private readonly List<(Func<string, bool> Wanted, TaskCompletionSource Seen)> _waiting = [];

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void Write(string? value)
        {
            lock (_text)
            {
                _text.Append(value);
                var text = _text.ToString();
                foreach (var waiting in _waiting.FindAll(waiting => waiting.Wanted(text)))
                {
                    waiting.Seen.TrySetResult();
                    _waiting.Remove(waiting);
                }
            }
        }

        public override void WriteLine(string? value) => Write(value + "\n");

        /// <summary>Waits until a text is written.</summary>
        public async Task UntilAsync(string wanted, int times = 1)
        {
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_text)
            {
                if (Times(_text.ToString()) >= times)
                    return;
                _waiting.Add((text => Times(text) >= times, seen));
            }

            try
            {
                await seen.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"'{wanted}' was not written. The output is:\n{this}");
            }

            int Times(string text) => text.Split(wanted).Length - 1;
        }

        public override string ToString()
        {
            lock (_text)
                return _text.ToString();
        }
    }
}
