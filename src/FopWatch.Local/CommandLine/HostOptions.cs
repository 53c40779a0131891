using System.CommandLine;
using FopWatch.Client;
using FopWatch.Local.Hosting;
using FopWatch.Settings;

namespace FopWatch.Local.CommandLine;

/// <summary>The options of every command that talks to a running host, and the handling of its failures.</summary>
internal sealed class HostOptions
{
    /// <summary>The variable with the API key. Other users of the machine can see the arguments of a command.</summary>
    public const string ApiKeyVariable = "FOPWATCH_API_KEY";

    /// <summary>The variable with the URL of the host.</summary>
    public const string UrlVariable = "FOPWATCH_URL";

    /// <summary>
    /// How long a host may take to answer. A connection that is not accepted fails after 10 seconds, and a refused one at once.
    /// </summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long a call to a busy host is retried.</summary>
    private static readonly TimeSpan RetryFor = TimeSpan.FromSeconds(20);

    private readonly Option<Uri> _url = new("--url")
    {
        Description = $"The URL of the running host. Environment variable: {UrlVariable}.",
        HelpName = "URL",

        // A wrong variable is reported by Connect: a command may need no host.
        DefaultValueFactory = _ => FromVariable is { } text && Parse(text) is { } url ? url : new(HostSettings.DefaultUrls),
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Parse(text) is { } url)
                return url;
            result.AddError(IsNoUrl("--url", text));
            return null!;
        },
    };

    private readonly Option<string?> _apiKey = new("--api-key")
    {
        Description = $"The API key of the host, if it has one. Prefer the environment variable {ApiKeyVariable}.",
        HelpName = "KEY",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_url);
        command.Options.Add(_apiKey);
    }

    /// <summary>The URL of the host.</summary>
    /// <exception cref="UsageException">It comes from the environment, and is none.</exception>
    public Uri UrlOf(ParseResult result) =>
        result.GetResult(_url) is { Implicit: true } && FromVariable is { } text && Parse(text) is null
            ? throw new UsageException(IsNoUrl(UrlVariable, text))
            : result.GetValue(_url)!;

    private static string? FromVariable => PlaceOptions.Variable(UrlVariable);

    /// <summary>The first option that is given; null for none.</summary>
    public string? Given(ParseResult result) =>
        Array.Find((Option[])[_url, _apiKey], option => result.GetResult(option) is { Implicit: false })?.Name;

    /// <summary>A client for the host that the options name.</summary>
    /// <exception cref="UsageException">The API key or the variable of the URL is invalid.</exception>
    public FopWatchClient Connect(ParseResult result, Terminal terminal)
    {
        if (result.GetValue(_apiKey) is { } given && string.IsNullOrWhiteSpace(given))
            throw new UsageException("--api-key is empty.");
        var apiKey = result.GetValue(_apiKey) ?? Environment.GetEnvironmentVariable(ApiKeyVariable);
        if (apiKey is not null && apiKey.Any(c => c is < ' ' or > '~'))
            throw new UsageException("The API key has characters that are not allowed in an HTTP header.");
        if (apiKey is not null && apiKey != apiKey.Trim())
            throw new UsageException("The API key begins or ends with a space. No key of a host does.");
        return new(
            new()
            {
                Url = UrlOf(result),
                ApiKey = string.IsNullOrEmpty(apiKey) ? null : apiKey,
                AnswerTimeout = AnswerTimeout,
                RetryFor = RetryFor,
                RetryConnecting = false,
            },
            time: terminal.Time);
    }

    private static Uri? Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url.Scheme is "http" or "https"
        && url.Query.Length + url.Fragment.Length + url.UserInfo.Length == 0
            ? url
            : null;

    private static string IsNoUrl(string name, string text) => $"{name}: '{text}' is not an http or https URL, such as {HostSettings.DefaultUrls}.";

    /// <summary>Why the host refused, in words for the user of the command line.</summary>
    public static string InWords(FopWatchRefusedException refused) => refused.Problem.Status == StatusCodes.Status401Unauthorized
        ? $"{refused.Problem.Title} Set the environment variable {ApiKeyVariable} to the key."
        : refused.Message;

    /// <summary>Runs a command. Failures are reported on standard error and by the exit code.</summary>
    public static async Task<int> GuardAsync(Terminal terminal, ParseResult result, Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (FopWatchRefusedException e) when (e.Problem.Errors is [{ Element: "source" } unknown])
        {
            terminal.WriteErrorLine(new Piece($"--source: {unknown.Detail}", Terminal.Wrong));
            return ExitCodes.Refused;
        }
        catch (FopWatchRefusedException e)
        {
            terminal.WriteErrorLine(new Piece($"Refused: {InWords(e)}", Terminal.Wrong));
            return ExitCodes.Refused;
        }
        catch (FopWatchUnreachableException e)
        {
            terminal.WriteErrorLine(new Piece($"Not reached: {e.Message}", Terminal.Wrong));
            return ExitCodes.Unreachable;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
        catch (UsageException e)
        {
            return WrongUsage.Report(terminal, result.CommandResult.Command, [e.Message, .. e.Details]);
        }
        catch (SettingsException e)
        {
            foreach (var line in e.Message.Split('\n'))
                terminal.WriteErrorElement(new Piece(TextCut.Of(line, 1000), Terminal.Wrong));
            if (e.Origin is { } origin)
                terminal.WriteErrorLine(origin);
            return ExitCodes.Refused;
        }
    }
}
