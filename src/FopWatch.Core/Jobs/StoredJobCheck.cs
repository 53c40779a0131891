using System.Globalization;
using System.Text.Json;

namespace FopWatch.Jobs;

/// <summary>Finds what the serializer lets through and no version of FopWatch writes, before anything stumbles over it.</summary>
internal static class StoredJobCheck
{
    /// <exception cref="JsonException">The job is not one that FopWatch wrote, or a newer one did.</exception>
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

        // The serializer takes any number for these enums. The others have converters that take none.
        var areKnown = Enum.IsDefined(job.Origin) && Enum.IsDefined(job.Watch.LastAnswer)
            && Enum.IsDefined(job.Facts.Progress) && Enum.IsDefined(job.Facts.Verdict) && Enum.IsDefined(job.Facts.Cut);
        if (!areKnown)
            throw new JsonException("it has a value that this version does not know");

        // The annotations of elements are not checked by the serializer.
        foreach (var item in job.Facts.Items)
        {
            if (item is null || item.Outputs.Any(output => output is null))
                throw new JsonException("an item of it is null");
        }

        if (job.Metadata.Any(entry => entry.Value is null))
            throw new JsonException("a value of its metadata is null");
    }
}
