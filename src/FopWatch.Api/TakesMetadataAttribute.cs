namespace FopWatch.Api;

/// <summary>An endpoint that filters by metadata: <see cref="JobFilters.MetadataPrefix"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TakesMetadataAttribute : Attribute;
