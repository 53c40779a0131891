using System.Diagnostics;
using FopWatch.Subscriber;

namespace FopWatch.Azure.Tests.ServiceBus;

/// <summary>The real program with invalid options and variables.</summary>
public class SubscriberOptionTests
{
    public static TheoryData<string[], string> Wrong => new()
    {
        { ["--concurrency", "abc"], "--concurrency: 'abc' is not a whole number from 1 to 1000." },
        { ["--concurrency", "3.5"], "--concurrency: '3.5' is not" },
        { ["--concurrency", "0"], "--concurrency: '0' is not" },
        { ["--concurrency", "-1"], "--concurrency: '-1' is not" },
        { ["--concurrency", "99999999999999999999"], "--concurrency: '99999999999999999999' is not" },
        { ["--concurrency", ""], "--concurrency: '' is not" },
        { ["--concurrency"], "--concurrency" },
        { ["--concurrency", "1", "--concurrency", "2"], "--concurrency" },
        { ["--topic", ""], "--topic (or FOPWATCH_TOPIC) is empty." },
        { ["--subscription", " "], "--subscription (or FOPWATCH_SUBSCRIPTION) is empty." },
        { ["--namespace", ""], "--namespace (or FOPWATCH_SERVICEBUS_NAMESPACE): '' is not a host name" },
        { ["--namespace", "https://contoso.servicebus.windows.net"], "is not a host name" },
        { ["--namespace", "数据 x"], "is not a host name" },
        { ["--nosuch"], "--nosuch" },
        { ["extra"], "extra" },
        { ["[suggest:abc]"], "[suggest:abc]" },
        { ["@/no/such/file"], "@/no/such/file" },
        { [], "Give --host or --namespace, or set FOPWATCH_SERVICEBUS_CONNECTION." },
        { ["--host", "nowhere"], "--host: 'nowhere' is not an http or https URL" },
        { ["--host", ""], "--host: '' is not" },
        { ["--host", "http://u:p@127.0.0.1"], "is not an http or https URL" },
        { ["--host", "http://127.0.0.1:7071", "--position", ""], "--position is empty." },
        { ["--host", "http://127.0.0.1:7071", "--source", " "], "--source is empty." },
    };

    public static TheoryData<string, string, string> WrongVariables => new()
    {
        { "FOPWATCH_SERVICEBUS_CONNECTION", "abc", "FOPWATCH_SERVICEBUS_CONNECTION is not a connection string" },
        { "FOPWATCH_SERVICEBUS_CONNECTION", "Endpoint=sb://x;SharedAccessKeyName=a;SharedAccessKey=", "FOPWATCH_SERVICEBUS_CONNECTION is not a connection string" },
        { "FOPWATCH_SERVICEBUS_NAMESPACE", "not a host", "(or FOPWATCH_SERVICEBUS_NAMESPACE): 'not a host' is not a host name" },
        { "FOPWATCH_TOPIC", " ", "(or FOPWATCH_TOPIC) is empty." },
        { "FOPWATCH_SUBSCRIPTION", " ", "(or FOPWATCH_SUBSCRIPTION) is empty." },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Invalid_options_are_named_with_one_line_of_usage(string[] options, string problem) => RefusesAsync(options, [], problem);

    [Theory]
    [MemberData(nameof(WrongVariables))]
    public Task Invalid_variables_are_named_with_one_line_of_usage(string name, string value, string problem) =>
        RefusesAsync([], new() { [name] = value }, problem);

    private static async Task RefusesAsync(string[] options, Dictionary<string, string> variables, string problem)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(JobEventSubscriber).Assembly.Location, .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        try
        {
            var cancelled = TestContext.Current.CancellationToken;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(cancelled), process.StandardError.ReadToEndAsync(cancelled));
            await process.WaitForExitAsync(cancelled).WaitAsync(TimeSpan.FromSeconds(60), cancelled);

            Assert.Equal("", await output);
            var lines = (await error).TrimEnd().Split('\n');
            Assert.Contains(lines[..^1], line => line.Contains(problem, StringComparison.Ordinal));
            Assert.Equal("Usage: FopWatch.Subscriber [options]; --help lists them.", lines[^1].TrimEnd());
            Assert.InRange(lines.Length, 2, 3);
            Assert.Equal(2, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}
