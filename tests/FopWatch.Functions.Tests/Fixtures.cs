[assembly: AssemblyFixture(typeof(SharedAzurite))]

// Most of the time they wait for timers of a task hub: more of them at once than there are processors.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
