using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Local.Hosting;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Local.CommandLine;

/// <summary><c>config check</c>: validates the settings as the host does at its start.</summary>
internal static class ConfigCommand
{
    private const string More = """
        Reads the settings from the file and the environment, and validates them as 'serve' does at its start. Each problem names its setting;
        an unknown name comes with the nearest known one. No key, token or other secret is printed. The command opens no data folder and
        makes no request.

        Warnings are about settings that are valid but unlikely to work, such as a notify URL that no provider can reach.

        Examples:
          $ fopwatch config check
          $ fopwatch config check --config /etc/fopwatch/fopwatch.json --urls http://0.0.0.0:7071

        Exit codes:
          0  the settings are valid, possibly with warnings
          2  the settings are invalid, or wrong usage
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var (urls, data, config) = (PlaceOptions.Urls(), PlaceOptions.Data(), PlaceOptions.Config());
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var check = new ExplainedCommand("check", "Validates the settings as the host does at its start.", More) { config, urls, data, json };
        check.SetAction((result, _) => HostOptions.GuardAsync(terminal, result, () => Task.FromResult(
            Check(terminal, result.GetValue(config), result.GetValue(urls)!, result.GetValue(data)!, result.GetValue(json)))));
        return new Command("config", "Checks the settings.") { check };
    }

    private static int Check(Terminal terminal, string? file, string urls, string data, bool json)
    {
        HostSettings settings;
        try
        {
            settings = SettingsFile.Read(file, urls, data);
        }
        catch (SettingsException e) when (json)
        {
            Write(terminal, new(false, e.Problems, [], []));
            return ExitCodes.Refused;
        }

        IReadOnlyList<string> warnings = [.. settings.Shared.Warnings(settings.FirstUrl), .. WarningsOf(settings)];
        if (json)
        {
            Write(terminal, new(true, [], warnings, [.. settings.Shared.Sources.All.Select(source => CheckedSource.Of(settings, source))]));
            return ExitCodes.Ok;
        }

        terminal.WriteText(settings.ReadFrom!.ToWords());
        foreach (var source in settings.Shared.Sources.All.Select(source => CheckedSource.Of(settings, source)))
        {
            terminal.WriteText(new Piece(source.Name, Terminal.Bold), $" ({source.Provider})");
            terminal.WriteLine("  notify URL  ", source.NotifyUrl);
            terminal.WriteLine("  status API  ", source.StatusEndpoint);
        }

        foreach (var warning in warnings)
            terminal.WriteText(new Piece("Warning: "), $"{warning}.");
        terminal.WriteText(warnings.Count == 0 ? "The settings are valid." : "The settings are valid, with warnings.");
        return ExitCodes.Ok;
    }

    private static IEnumerable<string> WarningsOf(HostSettings settings)
    {
        const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite;
        if (settings.Shared.Sources.All.Count == 0)
            yield return $"There is no source, so the host accepts no registration and no notification. Set {FopWatchSettings.Section}:Sources";
        if (settings.ReadFrom is { Exists: true, File: var file } && !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0)
            yield return $"Other users of this machine can read or change {file}, which holds keys. Remove their permissions (chmod o-rwx,g-w)";
    }

    private static void Write(Terminal terminal, CheckedSettings check) =>
        terminal.Output.WriteLine(JsonSerializer.Serialize(check, ConfigJson.Default.CheckedSettings));
}

/// <summary>The result of a check of the settings, as JSON.</summary>
/// <param name="Valid">Whether a host would start with them.</param>
/// <param name="Problems">The problems, a sentence each, which begins with the name of the setting.</param>
/// <param name="Warnings">Settings that are valid but unlikely to work, a sentence each.</param>
/// <param name="Sources">The sources, if the settings are valid.</param>
internal sealed record CheckedSettings(
    bool Valid, IReadOnlyList<string> Problems, IReadOnlyList<string> Warnings, IReadOnlyList<CheckedSource> Sources);

/// <summary>A source, without its secrets.</summary>
internal sealed record CheckedSource(string Name, string Provider, string NotifyUrl, string StatusEndpoint)
{
    public static CheckedSource Of(HostSettings settings, Source source) => new(
        source.Name,
        WireNames.Of(source.Provider.Kind),
        $"{settings.Shared.PublicOrigin ?? settings.FirstUrl?.AbsoluteUri.TrimEnd('/')}/api/notify/{source.Name}/<token>",
        source.StatusEndpoint.AbsoluteUri);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CheckedSettings))]
internal sealed partial class ConfigJson : JsonSerializerContext;
