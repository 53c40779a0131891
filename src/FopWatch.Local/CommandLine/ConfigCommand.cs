using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Local.Hosting;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Local.CommandLine;

/// <summary><c>config check</c>: reads the settings as the host does at its start, and says what is wrong with them.</summary>
internal static class ConfigCommand
{
    private const string More = """
        The settings are read from the file and the environment, and validated as 'serve' does at its start. Each problem is named by its
        setting; an unknown name comes with the nearest right one. No key, token or other secret is printed. Nothing is opened, and
        nobody is asked.

        Warnings are about settings that are valid and unlikely to work, such as a notify URL that no provider can reach.

        Examples:
          $ fopwatch config check
          $ fopwatch config check --config /etc/fopwatch/fopwatch.json --urls http://0.0.0.0:7071

        Exit codes:
          0  the host would start with these settings; there may be warnings
          2  settings are wrong, or wrong usage
        """;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var (urls, data, config) = (PlaceOptions.Urls(), PlaceOptions.Data(), PlaceOptions.Config());
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var check = new ExplainedCommand("check", "Validates the settings as the host does at its start.", More) { config, urls, data, json };
        check.SetAction((result, _) => HostOptions.GuardAsync(terminal, result, () => Task.FromResult(
            Check(terminal, result.GetValue(config), result.GetValue(urls)!, result.GetValue(data)!, result.GetValue(json)))));
        return new Command("config", "Looks at the settings.") { check };
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
            yield return $"There is no source, so nothing can be registered or notified. Set {FopWatchSettings.Section}:Sources";
        if (settings.ReadFrom is { Exists: true, File: var file } && !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0)
            yield return $"Other users of this machine may read or change {file}, which holds keys. Remove their permissions (chmod o-rwx,g-w)";
    }

    private static void Write(Terminal terminal, CheckedSettings check) =>
        terminal.Output.WriteLine(JsonSerializer.Serialize(check, ConfigJson.Default.CheckedSettings));
}

/// <summary>What a check of the settings found, as JSON.</summary>
/// <param name="Valid">Whether a host would start with them.</param>
/// <param name="Problems">What is wrong, a sentence each, beginning with the name of the setting.</param>
/// <param name="Warnings">What is valid and unlikely to work, a sentence each.</param>
/// <param name="Sources">The sources of valid settings.</param>
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
