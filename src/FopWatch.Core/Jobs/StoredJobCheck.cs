using System.Globalization;
using System.Text.Json;

namespace FopWatch.Jobs;

/// <summary>Rejects documents that the serializer accepts but no version of FopWatch writes.</summary>
internal static class StoredJobCheck
{
    /// <exception cref="JsonException">FopWatch did not write the job, or a newer version did.</exception>
    public static void ThrowIfDamaged(Job job)
    {
        if (job.Form > JobJson.LatestForm)
        {
            throw new JsonException(string.Create(
                CultureInfo.InvariantCulture,
                $"a newer FopWatch wrote it in form {job.Form}, and this version reads forms up to {JobJson.LatestForm}"));
        }

        if (string.IsNullOrEmpty(job.Key.Source) || !JobKey.IsValidId(job.Key.Id))
            throw new JsonException("its key is damaged");

        // The serializer accepts any number for these enums. The other enums have converters that accept none.
        var areKnown = Enum.IsDefined(job.Origin) && Enum.IsDefined(job.Watch.LastAnswer)
            && Enum.IsDefined(job.Facts.Progress) && Enum.IsDefined(job.Facts.Verdict) && Enum.IsDefined(job.Facts.Cut);
        if (!areKnown)
            throw new JsonException("it has a value that this version does not know");

        // The serializer does not check the nullability of elements.
        foreach (var item in job.Facts.Items)
        {
            if (item is null || item.Outputs.Any(output => output is null))
                throw new JsonException("one of its items is null");
        }

        if (job.Metadata.Any(entry => entry.Value is null))
            throw new JsonException("one of its metadata values is null");
    }
}
