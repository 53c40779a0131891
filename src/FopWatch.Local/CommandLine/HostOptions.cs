using System.CommandLine;
using FopWatch.Client;
using FopWatch.Local.Hosting;
using FopWatch.Settings;

namespace FopWatch.Local.CommandLine;

/// <summary>The options of every command that speaks to a running host, and what becomes of its failures.</summary>
internal sealed class HostOptions
{
    /// <summary>Where the API key is read from if it is not given: what is given, other users of the machine can see.</summary>
    public const string ApiKeyVariable = "FOPWATCH_API_KEY";

    /// <summary>
    /// How long a host may take for a call. One that does not accept the connection is given up after 10 seconds, and one where nothing listens at once.
    /// </summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long a call is repeated that a host is too busy for.</summary>
    private static readonly TimeSpan RetryFor = TimeSpan.FromSeconds(20);

    private readonly Option<Uri> _url = new("--url")
    {
        Description = "The URL of the running host.",
        HelpName = "URL",
        DefaultValueFactory = _ => new(HostSettings.DefaultUrls),
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Uri.TryCreate(text, UriKind.Absolute, out var url)
                && url.Scheme is "http" or "https"
                && url.Query.Length + url.Fragment.Length + url.UserInfo.Length == 0)
            {
                return url;
            }

            result.AddError($"--url: '{text}' is not an http or https URL such as {HostSettings.DefaultUrls}.");
            return null;
        },
    };

    private readonly Option<string?> _apiKey = new("--api-key")
    {
        Description = $"The host's API key, if it has one. Better given as {ApiKeyVariable} in the environment.",
        HelpName = "KEY",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_url);
        command.Options.Add(_apiKey);
    }

    /// <summary>The URL of the host.</summary>
    public Uri UrlOf(ParseResult result) => result.GetValue(_url)!;

    /// <summary>Whether the URL is given.</summary>
    public bool IsUrlGiven(ParseResult result) => result.GetResult(_url) is { Implicit: false };

    /// <summary>The first of the options that is given; null for none.</summary>
    public string? Given(ParseResult result) =>
        Array.Find((Option[])[_url, _apiKey], option => result.GetResult(option) is { Implicit: false })?.Name;

    /// <summary>A client for the host that the options name.</summary>
    /// <exception cref="UsageException">The API key cannot be one.</exception>
    public FopWatchClient Connect(ParseResult result, Terminal terminal)
    {
        if (result.GetValue(_apiKey) is { } given && string.IsNullOrWhiteSpace(given))
            throw new UsageException("--api-key is empty.");
        var apiKey = result.GetValue(_apiKey) ?? Environment.GetEnvironmentVariable(ApiKeyVariable);
        if (apiKey is not null && apiKey.Any(c => c is < ' ' or > '~'))
            throw new UsageException("The API key has characters that no HTTP header can carry.");
        if (apiKey is not null && apiKey != apiKey.Trim())
            throw new UsageException("The API key has blanks at its ends, which no key of a host has.");
        return new(
            new()
            {
                Url = result.GetValue(_url)!,
                ApiKey = string.IsNullOrEmpty(apiKey) ? null : apiKey,
                AnswerTimeout = AnswerTimeout,
                RetryFor = RetryFor,
                RetryConnecting = false,
            },
            time: terminal.Time);
    }

    /// <summary>Why the host refused, in words for whoever typed the command.</summary>
    public static string InWords(FopWatchRefusedException refused) => refused.Problem.Status == StatusCodes.Status401Unauthorized
        ? $"{refused.Problem.Title} Set {ApiKeyVariable} to it in the environment."
        : refused.Message;

    /// <summary>Runs a command; what goes wrong is said on the standard error and in the exit code.</summary>
    public static async Task<int> GuardAsync(Terminal terminal, ParseResult result, Func<Task<int>> run)
    {
        try
        {
            return await run();
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
            return WrongUsage.Report(terminal, result.CommandResult.Command, [e.Message]);
        }
        catch (SettingsException e)
        {
            foreach (var line in e.Message.Split('\n'))
                terminal.WriteErrorLine(new Piece(DisplayText.Cut(line, 1000), Terminal.Wrong));
            if (e.Origin is { } origin)
                terminal.WriteErrorLine(origin);
            return ExitCodes.Refused;
        }
    }
}
