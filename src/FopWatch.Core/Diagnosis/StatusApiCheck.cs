using System.Security.Cryptography;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Diagnosis;

/// <summary>
/// Asks each status API about an id that does not exist, as polls ask and within the same rate. That it knows no such id is the right answer. The API of
/// workflows, which is asked with each key, says besides whether the keys are valid.
/// </summary>
/// <param name="settings">Has the sources.</param>
/// <param name="api">Asks.</param>
/// <param name="time">The clock, which the dates of answers are compared with.</param>
public sealed class StatusApiCheck(FopWatchSettings settings, StatusClient api, TimeProvider time) : IDoctorCheck
{
    /// <summary>How far the clock of an API may be from the host's. Its dates are in whole seconds, and the answer is on its way for a while.</summary>
    public static readonly TimeSpan LargestSkew = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public IEnumerable<DoctorStep> Steps
    {
        get
        {
            foreach (var source in settings.Sources.All.OrderBy(source => source.Name, StringComparer.Ordinal))
            {
                yield return Step(source, null);
                if (!source.CanAskForWorkflows)
                    continue;
                foreach (var key in source.Keys.AccessKeys.Order(StringComparer.Ordinal))
                    yield return Step(source, key);
            }
        }
    }

    /// <summary>An id that no provider gave out. It has the form of one, as an API may refuse others for their form.</summary>
    internal static string NewId(ProviderKind provider) =>
        $"{(provider == ProviderKind.Qiniu ? "z0." : "")}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(provider == ProviderKind.Qiniu ? 12 : 16))}";

    private DoctorStep Step(Source source, string? workflowKey)
    {
        var asked = new StatusVerdict(source, workflowKey);
        return new(DoctorCheck.StatusApi, source.Name, async cancellationToken =>
        {
            var examined = await api.ExamineAsync(source, NewId(source.Provider.Kind), workflowKey, cancellationToken);
            var now = time.GetUtcNow();
            return asked.SkewOf(examined.Exchange, now) is { } skew ? [asked.Of(examined), skew] : [asked.Of(examined)];
        })
        {
            TooSlow = asked.TooSlow,
        };
    }
}
