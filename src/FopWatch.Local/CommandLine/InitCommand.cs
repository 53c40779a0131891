using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Settings;
using FopWatch.Sqlite;

namespace FopWatch.Local.CommandLine;

/// <summary><c>init</c>: writes the settings file of a new installation, with new secrets.</summary>
internal static class InitCommand
{
    private const string More = """
        Asks for every value that no option gives, and writes a settings file with comments, a new notify token and a new API key. The file
        has mode 0600. An existing file is never changed. Afterwards, add the account's access key and secret key to the file.

        With --non-interactive, nothing is asked. --provider is then required, and --status-endpoint for Wangsu.

        Examples:
          $ fopwatch init
          $ fopwatch init --non-interactive --provider Qiniu --source media --public-url https://hooks.example.com

        Exit codes:
          0    written
          2    wrong usage, a wrong value, or the file exists
          3    the file cannot be written
          5    the output cannot be written; the file was written
          130  Ctrl-C; nothing was written
        """;

    public static Command Create(Terminal terminal)
    {
        var provider = new Option<string?>("--provider") { Description = "Qiniu, WangsuFops or WangsuFmgr.", HelpName = "NAME" };
        provider.CompletionSources.Add(Enum.GetNames<ProviderKind>());
        var source = new Option<string?>("--source") { Description = "The name of the source: 1 to 64 of A-Z a-z 0-9 _ - (default: media).", HelpName = "NAME" };
        var publicUrl = new Option<string?>("--public-url") { Description = "The URL at which the provider reaches the host.", HelpName = "URL" };
        var endpoint = new Option<string?>("--status-endpoint") { Description = "The base URL of the status API. For Wangsu, the account's MgrDomain.", HelpName = "URL" };
        var buckets = new Option<string[]>("--bucket") { Description = "A bucket whose files are processed. Can be repeated.", HelpName = "NAME" };
        var config = PlaceOptions.Config();
        config.Description = $"The file to write (default: {SettingsFile.DefaultName} in the current folder). Environment variable: {PlaceOptions.ConfigVariable}.";
        var silent = new Option<bool>("--non-interactive") { Description = "Ask nothing." };
        var json = new Option<bool>("--json") { Description = "Print JSON: the file and the notify URL." };
        var command = new ExplainedCommand("init", "Writes a settings file with new secrets.", More)
        {
            provider, source, publicUrl, endpoint, buckets, config, silent, json,
        };
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var file = FileToWrite(result.GetValue(config));
            var given = new GivenAnswers(
                result.GetValue(provider), result.GetValue(source), result.GetValue(publicUrl), result.GetValue(endpoint), result.GetValue(buckets) ?? []);
            var settings = result.GetValue(silent) ? given.ToSettings() : await new InitQuestions(terminal, given).AskAsync(cancellationToken);
            return Write(terminal, file, settings, result.GetValue(json));
        }));
        return command;
    }

    private static string FileToWrite(string? config)
    {
        if (config is not null && (string.IsNullOrWhiteSpace(config) || config.Contains('\0', StringComparison.Ordinal)))
            throw new UsageException($"--config: '{config}' is not a valid file name.");
        var file = Path.GetFullPath(config ?? SettingsFile.DefaultName);
        return Path.Exists(file) ? throw Exists(file) : file;
    }

    private static UsageException Exists(string file) => new($"{file} already exists and is not overwritten. Give another file with --config.");

    private static int Write(Terminal terminal, string file, InitialSettings settings, bool json)
    {
        try
        {
            DataFolder.CreatePrivate(file);
            File.WriteAllText(file, settings.ToJson());
        }
        catch (IOException) when (File.Exists(file))
        {
            throw Exists(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            terminal.WriteErrorLine(new Piece(
                $"{file} cannot be written: {(e is DirectoryNotFoundException ? "there is no such folder." : InputFile.Reason(e))}", Terminal.Wrong));
            return ExitCodes.Unreachable;
        }

        if (json)
            terminal.Output.WriteLine(JsonSerializer.Serialize(new(file, settings.NotifyUrl), InitJson.Default.InitAnswer));
        else
            Explain(terminal, file, settings);
        return ExitCodes.Ok;
    }

    private static void Explain(Terminal terminal, string file, InitialSettings settings)
    {
        var option = Path.GetFullPath(SettingsFile.DefaultName) == file ? "" : $" --config {ProgramName.Quoted(file)}";
        var data = PlaceOptions.Variable(PlaceOptions.DataVariable) is { } folder ? $" --data {ProgramName.Quoted(Path.GetFullPath(folder))}" : "";
        terminal.WriteLine($"Wrote {file}");
        terminal.WriteText();
        terminal.WriteText("1. Add the account's access key and secret key to Keys in the file.");
        terminal.WriteText(settings.PublicUrl is null ? "2. When the host has a public URL, set PublicUrl. Then check the file:" : "2. Check the file:");
        terminal.WriteCommand($"fopwatch config check{option}");
        terminal.WriteText("3. Start the host:");
        terminal.WriteCommand($"fopwatch serve{option}{data}");
        terminal.WriteText(settings.Provider == ProviderKind.Qiniu
            ? "4. Use this URL as notifyURL of a pfop request, or as persistentNotifyUrl of an upload policy:"
            : "4. Use this URL as notifyURL of each request:");
        terminal.WriteLine("  ", settings.NotifyUrl ?? $"<PublicUrl>/api/notify/{settings.Source}/{settings.Token}");
        terminal.WriteText("5. Register each id as soon as the provider has returned it. Set FOPWATCH_API_KEY to the ApiKey in the file:");
        terminal.WriteCommand($"fopwatch track {settings.Source} ID --wait");
    }
}

/// <summary>The answers given by options of <c>init</c>; null where <c>init</c> has to ask.</summary>
internal sealed record GivenAnswers(string? Provider, string? Source, string? PublicUrl, string? StatusEndpoint, IReadOnlyList<string> Buckets)
{
    /// <summary>The settings, with defaults for missing answers.</summary>
    /// <exception cref="UsageException">The provider is missing or unknown.</exception>
    /// <exception cref="SettingsException">The settings are invalid.</exception>
    public InitialSettings ToSettings()
    {
        if (Provider is null)
            throw new UsageException($"--provider is missing. Give one of {string.Join(", ", Enum.GetNames<ProviderKind>())}.");
        var settings = new InitialSettings { Provider = ProviderOf(Provider), PublicUrl = PublicUrl, StatusEndpoint = StatusEndpoint, Buckets = Buckets };
        if (Source is not null)
            settings = settings with { Source = Source };
        return settings.Problems() is { Count: > 0 } problems ? throw new SettingsException(problems) : settings;
    }

    /// <exception cref="UsageException">There is no such provider.</exception>
    public static ProviderKind ProviderOf(string name) => Enum.GetNames<ProviderKind>().Contains(name, StringComparer.OrdinalIgnoreCase)
        ? Enum.Parse<ProviderKind>(name, ignoreCase: true)
        : throw new UsageException($"--provider: '{name}' is not one of {string.Join(", ", Enum.GetNames<ProviderKind>())}.");
}

/// <summary>The result of <c>init</c> as JSON.</summary>
/// <param name="File">The file.</param>
/// <param name="NotifyUrl">The notify URL with its token; null if there is no public URL yet.</param>
internal sealed record InitAnswer(string File, string? NotifyUrl);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(InitAnswer))]
internal sealed partial class InitJson : JsonSerializerContext;
