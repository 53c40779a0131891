using System.Security.Cryptography;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Diagnosis;

/// <summary>
/// Asks each status API about a nonexistent id, in the same way and within the same rate as polls. The right answer is that the id is unknown. The workflow
/// API is asked with each key, and its answer also shows whether the key is valid.
/// </summary>
/// <param name="settings">Provides the sources.</param>
/// <param name="api">Asks the status APIs.</param>
/// <param name="time">The clock with which the dates of answers are compared.</param>
public sealed class StatusApiCheck(FopWatchSettings settings, StatusClient api, TimeProvider time) : IDoctorCheck
{
    /// <summary>How far the clock of an API may differ from the host's. Dates of answers have whole seconds, and an answer takes time to arrive.</summary>
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

    /// <summary>An id that no provider issued. It has a valid format, because an API may refuse ids for their format.</summary>
    internal static string NewId(ProviderKind provider) =>
        $"{(provider == ProviderKind.Qiniu ? "z0." : "")}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(provider == ProviderKind.Qiniu ? 12 : 16))}";

    private DoctorStep Step(Source source, string? workflowKey)
    {
        var asked = new StatusVerdict(source, workflowKey);
        return new(DoctorCheck.StatusApi, source.Name, async cancellationToken =>
        {
            StatusExamination examined;
            try
            {
                examined = await api.ExamineAsync(source, NewId(source.Provider.Kind), workflowKey, cancellationToken);
            }
            catch (SourceReplacedException)
            {
                return [asked.Replaced];
            }

            var now = time.GetUtcNow();
            return asked.SkewOf(examined.Exchange, now) is { } skew ? [asked.Of(examined), skew] : [asked.Of(examined)];
        })
        {
            TooSlow = asked.TooSlow,
        };
    }
}
