using FopWatch.Diagnosis;
using FopWatch.Jobs;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>Logs the core's messages to the operator.</summary>
public sealed class OperatorLog(ILogger<OperatorLog> logger) : IOperatorLog
{
    /// <inheritdoc/>
    public void Settled(Job job, JobReferences references)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(references);
        if (logger.IsEnabled(LogLevel.Information))
            logger.JobSettled(job.Key.Source, job.State, job.SettledBy, references.Of(job.Key));
    }

    /// <inheritdoc/>
    public void Warn(Trouble trouble)
    {
        ArgumentNullException.ThrowIfNull(trouble);

        // Messages of exceptions are sentences already.
        var seen = trouble.Detail is { } detail ? $" Seen: {detail.ToString().TrimEnd('.')}." : "";
        if (trouble.Count == 1)
            logger.TroubleBegan(trouble.What, Where(trouble.Source), trouble.Kind, seen, trouble.Hint);
        else
            logger.TroubleGoesOn(trouble.What, Where(trouble.Source), trouble.Kind, trouble.Count, trouble.Since, seen, trouble.Hint);
    }

    /// <inheritdoc/>
    public void Over(Trouble trouble, TimeSpan lasted)
    {
        ArgumentNullException.ThrowIfNull(trouble);
        logger.TroubleOver(trouble.What, Where(trouble.Source), trouble.Kind, trouble.Count, lasted);
    }

    /// <summary>The sentence that names a source; empty if there is none.</summary>
    /// <param name="source">The source; null for the whole installation.</param>
    public static string Where(string? source) => source is null ? "" : $" Source: {source}.";
}
