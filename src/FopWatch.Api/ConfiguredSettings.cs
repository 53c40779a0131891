using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Api;

/// <summary>Reads and checks the settings of both hosts.</summary>
public static class ConfiguredSettings
{
    /// <summary>
    /// Reads the shared settings, the host's own and the exporter's, and reports all problems together.
    /// </summary>
    /// <typeparam name="T">The settings of the host.</typeparam>
    /// <param name="configuration">The configuration.</param>
    /// <param name="host">Reads the host's own settings: see <see cref="FopWatchSettings.Read{T}"/>.</param>
    /// <param name="lists">The paths of lists in the settings file, below <see cref="FopWatchSettings.Section"/>; null if unknown.</param>
    /// <exception cref="SettingsException">A setting is invalid. The exception names every problem.</exception>
    public static T Read<T>(
        IConfiguration configuration,
        Func<SettingsReader, FopWatchSettings, T> host,
        IReadOnlyCollection<string>? lists = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return FopWatchSettings.Read(Written(configuration), Check, lists);

        T Check(SettingsReader reader, FopWatchSettings shared)
        {
            if (configuration[FopWatchSettings.Section] is not null)
                reader.Problem("", "is a single value: it takes a map from names to settings");
            reader.ProblemOutside(OtlpSettings.Problems(name => configuration[name]));
            return host(reader, shared);
        }
    }

    /// <summary>
    /// All settings of the section, with names spelled as written. Configuration names are case-insensitive: if the settings file has <c>media</c>
    /// and an environment variable <c>MEDIA</c>, the merged configuration has only one of them. So each provider is read separately, the one with
    /// the highest precedence last.
    /// </summary>
    private static IEnumerable<KeyValuePair<string, string?>> Written(IConfiguration configuration) =>
        configuration is IConfigurationRoot root
            ? root.Providers.SelectMany(provider => Below(provider, FopWatchSettings.Section))
            : configuration.GetSection(FopWatchSettings.Section).AsEnumerable(makePathsRelative: true);

    private static IEnumerable<KeyValuePair<string, string?>> Below(IConfigurationProvider provider, string path)
    {
        foreach (var child in provider.GetChildKeys([], path).Distinct(StringComparer.Ordinal))
        {
            var name = $"{path}:{child}";
            if (provider.TryGet(name, out var value))
                yield return new(name[(FopWatchSettings.Section.Length + 1)..], value);
            foreach (var below in Below(provider, name))
                yield return below;
        }
    }
}
